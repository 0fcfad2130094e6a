import Quell

extension SyntheticFlow {
  /// One step of RWKV-4 (Peng et al. 2023, arXiv 2305.13048, equations 11 to 20), with the running maximum of its
  /// exponents as state.
  static func rwkv4(_ shape: DecoderShape) -> Flow {
    var step = SyntheticFlow()
    var stream = step.row("emb.weight", rows: shape.vocabulary, width: shape.width, by: .token)
    stream = step.normalize("blocks.0.ln0", stream)
    for layer in 0..<shape.layers {
      let block = "blocks.\(layer)"
      stream = step.binary(.add, stream, step.timeMix(block, step.normalize("\(block).ln1", stream), number: 5 * layer))
      let mixed = step.normalize("\(block).ln2", stream)
      stream = step.binary(.add, stream, step.channelMix(block, mixed, hidden: shape.feedForward, number: 5 * layer + 4))
    }
    step.finish(step.normalize("ln_out", stream), vocabulary: shape.vocabulary)
    return step.flow
  }

  /// Between what a channel was at the last token and what it is now, in shares that differ from use to use.
  private mutating func tokenShift(_ name: String, _ now: [Element], _ before: [Element], from least: Double) -> [Element] {
    let share = parameter(name, now.count, from: least, to: least + 0.8)
    let rest = parameter(name + "_rest", now.count, from: 1 - least, to: 0.2 - least)
    return binary(.add, binary(.multiply, now, share), binary(.multiply, before, rest))
  }

  private mutating func timeMix(_ block: String, _ now: [Element], number: Int) -> [Element] {
    let (name, width) = ("\(block).attention", now.count)
    let before = state("\(name).shift", width)
    let numerator = state("\(name).numerator", width)
    let denominator = state("\(name).denominator", width)
    let maximum = state("\(name).maximum", width)
    let key = linear("\(name).key.weight", tokenShift("\(name).time_mix_key", now, before, from: 0.1), outputs: width)
    let value = linear("\(name).value.weight", tokenShift("\(name).time_mix_value", now, before, from: 0.15), outputs: width)
    let receptance = unary(
      .sigmoid, linear("\(name).receptance.weight", tokenShift("\(name).time_mix_receptance", now, before, from: 0.05), outputs: width))

    let bonus = parameter("\(name).time_first", width, from: -1, to: 1)
    let (_, old, new) = weighted(maximum, binary(.add, bonus, key))
    let sum = binary(.add, binary(.multiply, old, numerator), binary(.multiply, new, value))
    let weight = binary(.add, binary(.multiply, old, denominator), new)
    let average = binary(.divide, sum, weight)

    let decay = parameter("\(name).time_decay", width, from: -5, to: -0.05)
    let (nextTop, kept, added) = weighted(binary(.add, maximum, decay), key)
    setState(number, now)
    setState(number + 1, binary(.add, binary(.multiply, kept, numerator), binary(.multiply, added, value)))
    setState(number + 2, binary(.add, binary(.multiply, kept, denominator), added))
    setState(number + 3, nextTop)
    return linear("\(name).output.weight", binary(.multiply, receptance, average), outputs: width)
  }

  /// The greater of two exponents, and the exponentials of the distances of both to it.
  private mutating func weighted(_ old: [Element], _ new: [Element]) -> (top: [Element], old: [Element], new: [Element]) {
    let top = binary(.maximum, old, new)
    return (top, unary(.exponential, binary(.subtract, old, top)), unary(.exponential, binary(.subtract, new, top)))
  }

  private mutating func channelMix(_ block: String, _ now: [Element], hidden: Int, number: Int) -> [Element] {
    let name = "\(block).feed_forward"
    let before = state("\(name).shift", now.count)
    setState(number, now)
    let receptance = linear(
      "\(name).receptance.weight", tokenShift("\(name).time_mix_receptance", now, before, from: 0.05), outputs: now.count)
    let key = unary(.relu, linear("\(name).key.weight", tokenShift("\(name).time_mix_key", now, before, from: 0.1), outputs: hidden))
    let value = linear("\(name).value.weight", binary(.multiply, key, key), outputs: now.count)
    return binary(.multiply, unary(.sigmoid, receptance), value)
  }
}
