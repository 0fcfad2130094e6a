import Quell

extension SyntheticFlow {
  /// One step of OPT with norms before the layers (Zhang et al. 2022, arXiv 2205.01068).
  static func opt(_ shape: DecoderShape) -> Flow {
    var step = SyntheticFlow()
    let token = step.row("embed_tokens.weight", rows: shape.vocabulary, width: shape.width, by: .token)
    let position = step.row("embed_positions.weight", rows: shape.positions, width: shape.width, by: .position)
    var stream = step.binary(.add, token, position)
    for layer in 0..<shape.layers {
      let name = "layers.\(layer)"
      let context = step.selfAttention(name, step.normalize("\(name).self_attn_layer_norm", stream), heads: shape.heads)
      stream = step.binary(.add, stream, context)
      let normalized = step.normalize("\(name).final_layer_norm", stream)
      let hidden = step.unary(.relu, step.biased("\(name).fc1", normalized, outputs: shape.feedForward))
      stream = step.binary(.add, stream, step.biased("\(name).fc2", hidden, outputs: shape.width))
    }
    step.finish(step.normalize("final_layer_norm", stream), vocabulary: shape.vocabulary)
    return step.flow
  }

  private mutating func selfAttention(_ layer: String, _ input: [Element], heads: Int) -> [Element] {
    let (name, width) = ("\(layer).self_attn", input.count)
    let query = biased("\(name).q_proj", input, outputs: width)
    let key = biased("\(name).k_proj", input, outputs: width)
    let value = biased("\(name).v_proj", input, outputs: width)
    return biased("\(name).out_proj", attention(query, key, value, heads: heads), outputs: width)
  }

  private mutating func biased(_ name: String, _ input: [Element], outputs: Int) -> [Element] {
    linear("\(name).weight", input, outputs: outputs, bias: parameter("\(name).bias", outputs, from: -0.1, to: 0.1))
  }
}
