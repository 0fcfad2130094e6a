extension Program {
  /// The program with new state written in place and elementwise operations in chains, and what was fused.
  var fused: (program: Program, report: ImportReport.Fusion) {
    let (written, avoided) = StateWrites.inPlace(self)
    let (chained, count) = ElementwiseChains.form(written)
    let wide = tensors.filter { $0.weights.count > 1 }
    let report = ImportReport.Fusion(
      linears: wide.reduce(0) { $0 + $1.weights.count }, matrices: wide.count, chains: count.chains,
      elementwise: count.operations, eventLists: count.eventLists, copies: avoided)
    return (chained, report)
  }
}
