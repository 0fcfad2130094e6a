import Quell

extension SyntheticFlow {
  /// A vector as ternary matrices take it: whole numbers, and what one of them stands for.
  private typealias Quantized = (whole: [Element], step: [Element])

  /// One step of a language model of gated recurrences and ternary matrices (Zhu et al. 2024, arXiv 2406.02528), its activations
  /// rounded to 8 bits by the greatest magnitude of each vector.
  static func matMulFree(_ shape: DecoderShape) -> Flow {
    var step = SyntheticFlow()
    var stream = step.row("embeddings.weight", rows: shape.vocabulary, width: shape.width, by: .token)
    for layer in 0..<shape.layers {
      let name = "layers.\(layer)"
      // A greater part of the state is kept the deeper a layer is.
      stream = step.binary(.add, stream, step.tokenMix("\(name).attn", stream, least: Double(layer) / Double(shape.layers), number: layer))
      stream = step.binary(.add, stream, step.channelMix("\(name).mlp", stream, hidden: shape.feedForward))
    }
    step.finish(logits: step.ternary("lm_head", step.quantized("norm", stream), outputs: shape.vocabulary))
    return step.flow
  }

  private mutating func quantized(_ name: String, _ source: [Element]) -> Quantized {
    let normalized = normalizeScale(name, source)
    let count = source.count
    let greatest = binary(.maximum, maximum(unary(.absolute, normalized)), constant(1e-5, 1))
    let steps = binary(.divide, constant(127, 1), greatest)
    let scaled = binary(.multiply, normalized, [Element](repeating: steps[0], count: count))
    let bounded = binary(.maximum, unary(.round, scaled), constant(-128, count))
    return (binary(.minimum, bounded, constant(127, count)), binary(.divide, constant(1, 1), steps))
  }

  private mutating func ternary(_ name: String, _ input: Quantized, outputs: Int) -> [Element] {
    let sums = linear("\(name).weight", input.whole, outputs: outputs, isTernary: true)
    let step = binary(.multiply, input.step, constant(Double(RandomMatrices.amplitude), 1))
    return binary(.multiply, sums, [Element](repeating: step[0], count: outputs))
  }

  private mutating func swish(_ source: [Element]) -> [Element] { binary(.multiply, source, unary(.sigmoid, source)) }

  private mutating func tokenMix(_ name: String, _ source: [Element], least: Double, number: Int) -> [Element] {
    let width = source.count
    let before = state("\(name).state", width)
    let input = quantized("\(name).norm", source)
    let open = unary(.sigmoid, ternary("\(name).f_proj", input, outputs: width))
    let forget = binary(.add, binary(.multiply, open, constant(1 - least, width)), constant(least, width))
    let new = binary(
      .multiply, swish(ternary("\(name).i_proj", input, outputs: width)), binary(.subtract, constant(1, width), forget))
    let after = binary(.add, binary(.multiply, forget, before), new)
    setState(number, after)
    let gate = normalizeScale("\(name).g_norm", ternary("\(name).g_proj", input, outputs: width))
    return ternary("\(name).o_proj", quantized("\(name).o_norm", binary(.multiply, gate, swish(after))), outputs: width)
  }

  private mutating func channelMix(_ name: String, _ source: [Element], hidden: Int) -> [Element] {
    let input = quantized("\(name).norm", source)
    let gate = swish(ternary("\(name).gate_proj", input, outputs: hidden))
    let gated = binary(.multiply, gate, ternary("\(name).up_proj", input, outputs: hidden))
    return ternary("\(name).down_proj", quantized("\(name).down_norm", gated), outputs: source.count)
  }
}
