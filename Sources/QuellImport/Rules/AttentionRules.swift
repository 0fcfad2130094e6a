extension Rules {
  /// Attention as one operator. It is taken apart into the products and the softmax that it stands for, so that there is
  /// one way to recognise attention, however it was exported.
  static let attention: [String: Rule] = [
    "Attention": attend
  ]

  private static func attend(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    guard call.float("softcap", default: 0) == 0 else { throw call.unsupported("limits its scores by a soft cap") }
    guard call.optionalInput(6) == nil else { throw call.unsupported("is told how long each cache is, which is not supported") }
    guard call.int("left_window_size", default: -1) < 0, call.int("right_window_size", default: -1) < 0 else {
      throw call.unsupported("sees a window of positions alone")
    }
    let isFlat = try call.input(0).shape.count == 3
    func operand(_ index: Int, _ attribute: String) throws(ImportFailure) -> Tensor {
      let tensor = try call.input(index)
      return tensor.shape.count == 3 ? try split(tensor, heads: call.int(attribute, default: 0), call) : tensor
    }
    let query = try operand(0, "q_num_heads")
    var key = try operand(1, "kv_num_heads")
    var value = try operand(2, "kv_num_heads")
    let past = call.optionalInput(4)?.shape.dropLast().last ?? 0
    if let pastKey = call.optionalInput(4), let pastValue = call.optionalInput(5) {
      (key, value) = (try appended(pastKey, key, call), try appended(pastValue, value, call))
    }
    let scale: Double? = if case .float(let number)? = call.node.attributes["scale"] { Double(number) } else { nil }
    let result = try attention(
      query, key, value, bias: call.optionalInput(3), isCausal: call.int("is_causal", default: 0) != 0, past: past, scale: scale, call)
    return [isFlat ? try joined(result, call) : result, key, value]
  }

  /// Softmax attention of queries [1, heads, rows, width] over keys and values [1, key heads, positions, width].
  ///
  /// - Parameters:
  ///   - bias: numbers added to the scores, or truth values of which the false ones hide.
  ///   - isCausal: whether row i sees the past and as many positions more as its number.
  ///   - scale: the factor of the scores, nil for one over the root of the width.
  static func attention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, bias: Tensor?, isCausal: Bool, past: Int, scale: Double?, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    guard query.shape.count == 4, key.shape.count == 4, value.shape.count == 4, query.shape[0] == 1, key.shape[0] == 1,
      value.shape[0] == 1, query.shape[3] == key.shape[3], Array(key.shape[..<3]) == Array(value.shape[..<3]), key.shape[1] > 0,
      query.shape[1] % key.shape[1] == 0
    else { throw call.inconsistent("attends with shapes \(query.shape), \(key.shape) and \(value.shape)") }
    let (heads, rows, width, positions) = (query.shape[1], query.shape[2], query.shape[3], key.shape[2])
    let factor = scale ?? 1 / Double(max(width, 1)).squareRoot()
    guard let transposed = try repeated(key, heads, call).moved({ $0.transposed([0, 1, 3, 2]) }) else { return query }
    var scores = try product(query, transposed, call)
    scores = try combined(.multiply, scores, .reals(Weight([factor], shape: [], type: .float64)), call)
    if isCausal {
      let seen = (0..<(rows * positions)).map { $0 % positions <= $0 / positions + past }
      scores = try hidden(scores, .truths(seen, shape: [rows, positions]), call)
    }
    if let bias { scores = bias.type == .bool ? try hidden(scores, bias, call) : try combined(.add, scores, bias, call) }
    let elements = call.lane.elements(of: scores, node: call.number)
    let weights = call.lane.trace.make(.softmax(elements, group: positions), count: elements.count, node: call.number)
    return try product(
      call.dynamic(weights, shape: scores.shape, type: query.type), try repeated(value, heads, call), call)
  }

  /// Scores of which those that a mask says no to are minus infinity.
  private static func hidden(_ scores: Tensor, _ mask: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    guard case .integers(let truths) = mask, let places = Layout(contiguous: truths.shape).broadcast(to: scores.shape)?.offsets else {
      throw call.unsupported("has a mask that depends on computed values, or is of another shape than the scores")
    }
    var picks = Picks([scores, .reals(Weight([-Double.infinity], shape: [1], type: .float32))])
    for (index, place) in places.enumerated() { truths.values[place] != 0 ? picks.append(0, index) : picks.append(1, 0) }
    return picks.assembled(shape: scores.shape, in: call)
  }

  // MARK: Heads

  /// [1, rows, heads * width] as [1, heads, rows, width].
  static func split(_ tensor: Tensor, heads: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    guard tensor.shape.count == 3, heads > 0, tensor.shape[2] % heads == 0 else {
      throw call.malformed("splits shape \(tensor.shape) into \(heads) heads")
    }
    let shape = [tensor.shape[0], tensor.shape[1], heads, tensor.shape[2] / heads]
    return try reshaped(tensor, to: shape, call).moved { $0.transposed([0, 2, 1, 3]) } ?? tensor
  }

  /// [1, heads, rows, width] as [1, rows, heads * width].
  static func joined(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    guard let turned = tensor.moved({ $0.transposed([0, 2, 1, 3]) }) else { return tensor }
    return try reshaped(turned, to: [turned.shape[0], turned.shape[1], turned.shape[2] * turned.shape[3]], call)
  }

  /// Positions of a cache with newer ones after them, all of shape [1, heads, positions, width].
  static func appended(_ past: Tensor, _ newest: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    guard past.shape.count == 4, newest.shape.count == 4, Array(past.shape[..<2]) == Array(newest.shape[..<2]),
      past.shape[3] == newest.shape[3]
    else { throw call.inconsistent("appends shape \(newest.shape) to a cache of shape \(past.shape)") }
    let shape = [past.shape[0], past.shape[1], past.shape[2] + newest.shape[2], past.shape[3]]
    try call.checked(shape)
    var picks = Picks([past, newest])
    let (before, after) = (past.shape[2] * past.shape[3], newest.shape[2] * newest.shape[3])
    for head in 0..<(past.shape[0] * past.shape[1]) {
      for index in 0..<before { picks.append(0, head * before + index) }
      for index in 0..<after { picks.append(1, head * after + index) }
    }
    return picks.assembled(shape: shape, in: call)
  }

  /// Each head of keys or values as often as query heads share it.
  private static func repeated(_ tensor: Tensor, _ heads: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    let (stored, inner) = (tensor.shape[1], tensor.shape[2] * tensor.shape[3])
    guard stored != heads else { return tensor }
    try call.checked([heads, inner])
    var picks = Picks([tensor])
    for head in 0..<heads { for index in 0..<inner { picks.append(0, head * stored / heads * inner + index) } }
    return picks.assembled(shape: [1, heads, tensor.shape[2], tensor.shape[3]], in: call)
  }
}
