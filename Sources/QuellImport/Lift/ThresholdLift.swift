import Quell

/// What a site takes in: a vector, and the magnitude that its numbers must exceed.
struct SiteInput: Hashable {
  var elements: [Element]
  var threshold: Float = 0
}

/// Finds thresholds before linear operations: they become the thresholds of their sites, which then take in the vector as
/// it was before.
///
/// A threshold whose result something else reads, or that differs from number to number, stays an operation as well.
enum ThresholdLift {
  /// The flow with every such threshold moved.
  static func apply(_ flow: Flow) -> (flow: Flow, found: Int) {
    var flow = flow
    var found = 0
    for number in flow.trace.values.indices {
      guard case .linear(let matrix, let input, let bias) = flow.trace.values[number].source else { continue }
      let site = flow.trace.beforeThreshold(input)
      guard site.threshold > 0 else { continue }
      flow.trace.replace(number, by: .linear(matrix: matrix, input: site.elements, bias: bias))
      flow.thresholds[number] = site.threshold
      found += 1
    }
    flow.feeds = flow.feeds { flow.trace.beforeThreshold($0.elements) }
    return (flow, found)
  }
}

extension Trace {
  /// A vector as it was before the thresholds that all of it went through, and the greatest of these.
  fileprivate func beforeThreshold(_ elements: [Element]) -> SiteInput {
    var site = SiteInput(elements: elements)
    while let (limit, before) = threshold(site.elements) {
      site = SiteInput(elements: before, threshold: max(site.threshold, limit))
    }
    return site
  }

  /// The one threshold that a vector went through, and the vector before it.
  private func threshold(_ elements: [Element]) -> (limit: Float, before: [Element])? {
    var limit: Double?
    var before: [Element] = []
    for element in elements {
      guard case .binary(.threshold, let left, let right) = values[Int(element.value)].source,
        let known = known(right[Int(element.index)]), limit == nil || limit == known
      else { return nil }
      limit = known
      before.append(left[Int(element.index)])
    }
    return limit.map { (Float($0), before) }
  }
}
