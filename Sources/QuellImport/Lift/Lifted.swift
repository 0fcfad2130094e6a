/// A flow after all lifts, and how much each of them found.
struct Lifted {
  let flow: Flow
  let attentions: Int
  let normalizations: Int
  /// Parameters that were folded into others.
  let folded: Int
  let thresholds: Int

  /// Lifts the flow of a lane.
  init(_ flow: Flow, past: Int, _ specialiser: Specialiser) throws(ImportFailure) {
    let attention =
      specialiser.interface.isWindow
      ? try WindowFold.apply(flow, past: past, nodes: specialiser.nodes) : AttentionLift.apply(flow, past: past)
    let normalization = NormalizationLift.apply(attention.flow)
    let fold = ParameterFold.apply(normalization.flow)
    let threshold = ThresholdLift.apply(fold.flow)
    self.flow = BoundLift.apply(threshold.flow)
    (attentions, normalizations, folded, thresholds) = (attention.found, normalization.found, fold.found, threshold.found)
  }
}
