import Synchronization

/// A flow after all lifts, and how much each of them found.
struct Lifted {
  let flow: Flow
  let attentions: Int
  let normalizations: Int
  /// Parameters that were folded into others.
  let folded: Int
  let thresholds: Int

  /// Lifts the flow of a lane.
  private init(_ flow: Flow, past: Int, _ specialiser: Specialiser) throws(ImportFailure) {
    let attention =
      specialiser.interface.isWindow
      ? try WindowFold.apply(flow, past: past, nodes: specialiser.nodes) : AttentionLift.apply(flow, past: past)
    let normalization = NormalizationLift.apply(attention.flow)
    let fold = ParameterFold.apply(normalization.flow)
    let threshold = ThresholdLift.apply(fold.flow)
    self.flow = threshold.flow
    (attentions, normalizations, folded, thresholds) = (attention.found, normalization.found, fold.found, threshold.found)
  }

  /// The flows of all lanes, which are lifted side by side.
  static func all(_ specialiser: Specialiser) throws(ImportFailure) -> [Lifted] {
    let flows = try Flow.pair(specialiser)
    let results = Mutex([Lifted?](repeating: nil, count: flows.count))
    try Workers().perform(0..<flows.count) { _, index throws(ImportFailure) in
      let lifted = try Lifted(flows[index], past: specialiser.lanes[index].past, specialiser)
      results.withLock { $0[index] = lifted }
    }
    return results.withLock { $0.compactMap { $0 } }
  }
}
