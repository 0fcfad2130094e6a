/// What a session's program did since the counters were last set to zero: all that its work follows from.
public struct ProgramActivity: Equatable, Sendable {
  /// Tokens taken.
  public var tokens: Double
  /// Tokens for which logits were made: prefill makes those of the last token alone.
  public var logits: Double
  /// The sum over all tokens of the positions up to the token's own.
  public var positions: Double
  /// Operations from this place on ran only where logits were made.
  public var firstOfLogits: Int

  /// What a program did.
  public init(tokens: Double, logits: Double, positions: Double, firstOfLogits: Int) {
    self.tokens = tokens
    self.logits = logits
    self.positions = positions
    self.firstOfLogits = firstOfLogits
  }

  /// How often the operation at a place of the program ran.
  public func visits(ofOperation index: Int) -> Double { index < firstOfLogits ? tokens : logits }
}

/// The work of all sites and operations together, in units by kind.
///
/// Needs no heap: prices can be put on it where there is none.
extension SessionStorage {
  /// What the program did.
  var activity: ProgramActivity {
    ProgramActivity(
      tokens: Double(tokenCount), logits: Double(logitsCount), positions: Double(positionCount), firstOfLogits: recurrence.used)
  }

  /// What a site did, or would have done if every input had fired.
  func activity(ofSite site: Int, dense: Bool) -> SiteActivity {
    let visits = Double(visitCounts[site])
    if dense { return .dense(inputs: model.pointee.sites[site].inputs, visits: visits, group: eventGroup) }
    return SiteActivity(
      visits: visits, events: Double(eventCounts[site]), groups: Double(groupCounts[site]), binaryEvents: Double(binaryCounts[site]))
  }

  /// Calls `body` with the work of each operation of the program, in order.
  func forEachWork(dense: Bool, _ body: (_ operation: Int, VectorWork) -> Void) {
    let activity = activity
    var site = SiteActivity(visits: 0, events: 0, groups: 0)
    for index in 0..<model.pointee.operations.count {
      let operation = model.pointee.operations[index]
      if case .events(let number, _) = operation { site = self.activity(ofSite: number, dense: dense) }
      operation.forEachWork(
        in: model.pointee, visits: activity.visits(ofOperation: index), positions: activity.positions, site: site
      ) { work in body(index, work) }
    }
  }
}

extension ModelStorage: ProgramShape {
  func length(ofValue value: Int) -> Int { values[value].count }
  func format(ofTensor tensor: Int) -> WeightFormat { tensors[tensor].format }
  func dimensions(ofCache cache: Int) -> Cache { caches[cache] }
}
