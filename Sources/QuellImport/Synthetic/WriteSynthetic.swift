/// Writes a model of a shape with random weights, the same ones on every run: for measuring speed, memory and cost without
/// the real model.
///
/// The program is what an import of such a model comes to: it goes through the same fusion, plan and writer. Memory stays
/// small whatever the size.
///
/// - Throws: `ImportFailure` where the file cannot be written.
public func writeSyntheticModel(_ shape: DecoderShape, to output: String, options: ImportOptions = ImportOptions()) throws(ImportFailure) {
  let flow =
    switch shape.kind {
    case .rwkv4: SyntheticFlow.rwkv4(shape)
    case .opt: SyntheticFlow.opt(shape)
    }
  let program = ScratchPlan.plan(try Lowering.lower(flow, nodes: []).fused.program)
  try program.store(to: output, options, name: options.name ?? "synthetic")
}
