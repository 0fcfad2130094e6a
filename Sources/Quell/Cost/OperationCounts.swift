import CQuell

/// What a session's linear operations did since its counters were last set to zero.
///
/// An effective multiply-accumulate is one weight applied because its input was an event; the dense number is what a machine
/// that skips nothing would do. The vocabulary head is counted apart, because the literature leaves it out of activation sparsity.
public struct OperationCounts: Equatable, Sendable {
  /// Tokens counted.
  public var tokens: UInt64 = 0
  /// Events of all sites.
  public var events: UInt64 = 0
  /// Effective multiply-accumulates, without the head's.
  public var effectiveMACs: UInt64 = 0
  /// Dense multiply-accumulates, without the head's.
  public var denseMACs: UInt64 = 0
  /// The head's effective multiply-accumulates.
  public var headEffectiveMACs: UInt64 = 0
  /// The head's dense multiply-accumulates.
  public var headDenseMACs: UInt64 = 0

  /// No counts.
  public init() {}

  /// The fraction of multiply-accumulates outside the head that were not done, 0 where there were none.
  public var activationSparsity: Double { denseMACs == 0 ? 0 : 1 - Double(effectiveMACs) / Double(denseMACs) }
}

extension SessionStorage {
  /// The counts of all sites together.
  var counts: OperationCounts {
    var counts = OperationCounts()
    counts.tokens = tokenCount
    for index in 0..<model.pointee.sites.count {
      let site = model.pointee.sites[index]
      let effective = eventCounts[index] &* UInt64(site.outputs)
      let dense = visitCounts[index] &* UInt64(site.inputs) &* UInt64(site.outputs)
      counts.events &+= eventCounts[index]
      if site.isHead {
        counts.headEffectiveMACs &+= effective
        counts.headDenseMACs &+= dense
      } else {
        counts.effectiveMACs &+= effective
        counts.denseMACs &+= dense
      }
    }
    return counts
  }

  /// Counts what a part of a site's vector added to the list of events.
  mutating func countEvents(after before: Int, site: Int, isFirst: Bool, isLast: Bool) {
    let events = lane.pointee.events
    eventCounts[site] += UInt64(events.count - before)
    if isFirst { visitCounts[site] += 1 }
    guard isLast else { return }
    groupCounts[site] += UInt64((events.count + eventGroup - 1) / eventGroup)
    if events.isBinary { binaryCounts[site] += UInt64(events.count) }
    guard let inputCounts else { return }
    let counts = inputCounts.counts + inputCounts.starts[site]
    for event in 0..<events.count { counts[Int(events.indices[event])] += 1 }
  }

  /// Counts tokens that are taken at the session's position and after it.
  mutating func countTokens(_ count: Int, logits: Int) {
    tokenCount += UInt64(count)
    logitsCount += UInt64(logits)
    // A restored state of a model without caches may stand at any position: what attention does depends on it, and there is none.
    positionCount &+= UInt64(truncatingIfNeeded: count &* position &+ count * (count + 1) / 2)
  }

  /// Sets all counters to zero.
  mutating func resetCounts() {
    (tokenCount, logitsCount, positionCount) = (0, 0, 0)
    eventCounts.update(repeating: 0)
    visitCounts.update(repeating: 0)
    groupCounts.update(repeating: 0)
    binaryCounts.update(repeating: 0)
  }

  /// Sets a site's threshold: inputs whose magnitude is not above it are quiet.
  func setThreshold(_ threshold: Float, site: Int) throws(Failure) {
    guard site >= 0, site < thresholds.count else {
      throw Failure(QUELL_INVALID_ARGUMENT, "there is no site ").then(site).then("; sites: ").then(thresholds.count)
    }
    guard ModelStorage.isThreshold(threshold) else {
      throw Failure(QUELL_INVALID_ARGUMENT, "a threshold is not a finite number of at least 0")
    }
    thresholds[site] = threshold
  }
}
