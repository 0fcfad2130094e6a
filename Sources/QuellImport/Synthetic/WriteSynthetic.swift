import Quell

/// Writes a model of a shape with random weights, the same ones on every run: for measuring speed, memory and cost without
/// the real model.
///
/// The program is what an import of such a model comes to: it goes through the same fusion, plan and writer. Memory stays
/// small whatever the size.
///
/// - Throws: `ImportFailure` where the file cannot be written.
public func writeSyntheticModel(_ shape: DecoderShape, to output: String, options: ImportOptions = ImportOptions()) throws(ImportFailure) {
  try syntheticProgram(shape).store(to: output, options, name: options.name ?? "synthetic")
}

/// The program of a model of a shape, with all matrices and tables stored in a format, but for ternary ones: for counting its work without a file.
///
/// - Throws: `ImportFailure` where the shape cannot be lowered.
public func outlineSyntheticModel(_ shape: DecoderShape, weights: WeightFormat) throws(ImportFailure) -> ProgramOutline {
  try syntheticProgram(shape).outline(weights)
}

private func syntheticProgram(_ shape: DecoderShape) throws(ImportFailure) -> Program {
  let flow =
    switch shape.kind {
    case .rwkv4: SyntheticFlow.rwkv4(shape)
    case .opt: SyntheticFlow.opt(shape)
    case .matmulfree: SyntheticFlow.matMulFree(shape)
    }
  return ScratchPlan.plan(try Lowering.lower(BoundLift.apply(flow), nodes: []).fused.program)
}

extension Program {
  /// The planned program without its weights.
  fileprivate func outline(_ weights: WeightFormat) -> ProgramOutline {
    let values = values.indices.map { index in
      switch self.values[index] {
      case .weight(let tensor): Value(storage: .weight, offset: tensor, count: count(index))
      case .state(let offset, let count): Value(storage: .state, offset: offset, count: count)
      case .buffer(let buffer, let start, let count): Value(storage: .scratch, offset: bufferOffsets[buffer] + start, count: count)
      }
    }
    let tensors = tensors.map { tensor in
      TensorDescription(
        name: tensor.name, format: tensor.form == .vector ? .f32 : tensor.takesWholeBytes ? .ternary : weights,
        rows: tensor.form == .vector ? 1 : tensor.shape[0],
        columns: tensor.form == .vector ? tensor.shape.product : tensor.shape[1])
    }
    var sites: [SiteDescription] = []
    for (index, operation) in operations.enumerated() {
      guard case .events(let site, let source) = operation else { continue }
      var outputs = 0
      for case .linear(_, _, _, _, let result) in operations[(index + 1)...].prefix(while: { !$0.makesEvents }) { outputs += count(result) }
      sites.append(
        SiteDescription(
          name: siteNames[site], kind: siteKinds[site], inputs: count(source), outputs: outputs, threshold: siteThresholds[site],
          isHead: siteKinds[site] == "head"))
    }
    return ProgramOutline(
      operations: operations, values: values, tensors: tensors,
      caches: caches.map { Quell.Cache(keyWidth: $0.keyWidth, valueWidth: $0.valueWidth, heads: $0.heads) }, sites: sites)
  }
}

extension Operation {
  fileprivate var makesEvents: Bool { if case .events = self { true } else { false } }
}
