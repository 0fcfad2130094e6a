extension Rules {
  /// Rotary positions [Su et al., arXiv 2104.09864] as operators, alone and within attention.
  static let rotary: [String: Rule] = [
    "RotaryEmbedding": { call throws(ImportFailure) in
      try rotate(call, positions: call.optionalInput(3), caches: (try call.input(1), try call.input(2)))
    },
    "com.microsoft.RotaryEmbedding": { call throws(ImportFailure) in
      guard call.int("is_packed_batching", default: 0) == 0, call.float("scale", default: 1) == 1 else {
        throw call.unsupported("packs or scales its positions")
      }
      return try rotate(call, positions: try call.input(1), caches: (try call.input(2), try call.input(3)))
    },
    "com.microsoft.GroupQueryAttention": attendInGroups,
  ]

  private static func rotate(
    _ call: Call, positions: Tensor?, caches: (cosine: Tensor, sine: Tensor)
  ) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let isFlat = tensor.shape.count == 3
    let width = call.int("rotary_embedding_dim", default: 0)
    var heads = call.int("num_heads", default: 0)
    if isFlat, heads == 0, let half = caches.cosine.shape.last, half > 0 { heads = tensor.shape[2] / (2 * half) }
    let wide = isFlat ? try split(tensor, heads: heads, call) : tensor
    guard wide.shape.count == 4, wide.shape[0] == 1 else { throw call.malformed("rotates shape \(tensor.shape)") }
    let rows = wide.shape[2]
    var angles = caches
    if let positions {
      guard var known = positions.knownIntegers else { throw call.unsupported("has positions that are computed") }
      // A single number is where the first row is.
      if known.count == 1, rows > 1 { known = (0..<rows).map { known[0] &+ $0 } }
      guard known.count == rows else { throw call.inconsistent("has \(known.count) positions for \(rows) rows") }
      angles = (try positionRows(caches.cosine, known, call), try positionRows(caches.sine, known, call))
    }
    let result = try rotated(
      wide, angles.cosine, angles.sine, width: width == 0 ? wide.shape[3] : width,
      isInterleaved: call.int("interleaved", default: 0) != 0, call)
    return [isFlat ? try joined(result, call) : result]
  }

  /// Rows of a table at known positions, as rows that the position chooses.
  private static func positionRows(_ table: Tensor, _ positions: [Int], _ call: Call) throws(ImportFailure) -> Tensor {
    guard let weight = table.stored, weight.shape.count == 2 else {
      throw call.unsupported("takes its angles from something else than a stored table")
    }
    var elements: [Element] = []
    for (number, position) in positions.enumerated() {
      let add = position &- (call.lane.isWindow ? number : call.lane.past)
      guard add >= 0, add < weight.shape[0] else { throw call.unsupported("is at a position that does not grow with the tokens") }
      let source: Trace.Source =
        call.lane.isWindow
        ? .windowRow(table: weight, .position, add: add, position: number) : .row(table: weight, .position, add: add)
      elements += call.lane.trace.make(source, count: weight.shape[1], node: call.number)
    }
    return call.dynamic(elements, shape: [positions.count, weight.shape[1]], type: table.type)
  }

  /// Queries or keys [1, heads, rows, width], of which pairs among the first `width` elements are turned by the angles of their rows.
  ///
  /// A pair is an element and the one half of `width` after it, or, where interleaved, two neighbours.
  private static func rotated(
    _ tensor: Tensor, _ cosine: Tensor, _ sine: Tensor, width: Int, isInterleaved: Bool, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    let (rows, half) = (tensor.shape[2], width / 2)
    guard width > 0, width % 2 == 0, width <= tensor.shape[3], [cosine, sine].allSatisfy({ $0.count == rows * half }) else {
      throw call.inconsistent("turns shape \(tensor.shape) by angles of shape \(cosine.shape)")
    }
    let angles = (try reshaped(cosine, to: [1, 1, rows, half], call), try reshaped(sine, to: [1, 1, rows, half], call))
    func part(_ number: Int) -> Tensor? {
      tensor.moved {
        isInterleaved
          ? $0.sliced(axis: 3, start: number, count: half, step: 2) : $0.sliced(axis: 3, start: number * half, count: half)
      }
    }
    guard let first = part(0), let second = part(1) else { return tensor }
    let turned = [
      try combined(
        .subtract, try combined(.multiply, first, angles.0, call), try combined(.multiply, second, angles.1, call), call),
      try combined(.add, try combined(.multiply, second, angles.0, call), try combined(.multiply, first, angles.1, call), call),
    ]
    var picks = Picks(turned + [tensor])
    for row in 0..<(tensor.count / tensor.shape[3]) {
      for index in 0..<width {
        isInterleaved
          ? picks.append(index % 2, row * half + index / 2) : picks.append(index / half, row * half + index % half)
      }
      for index in width..<max(tensor.shape[3], width) { picks.append(2, row * tensor.shape[3] + index) }
    }
    return picks.assembled(shape: tensor.shape, in: call)
  }

  // MARK: Attention

  /// Attention whose heads share keys and values in groups, with rotary positions where it is told to turn.
  private static func attendInGroups(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    guard call.float("softcap", default: 0) == 0, call.int("smooth_softmax", default: 0) == 0, call.optionalInput(11) == nil else {
      throw call.unsupported("limits its scores by a soft cap or a sink")
    }
    guard call.int("local_window_size", default: -1) < 0 else { throw call.unsupported("sees a window of positions alone") }
    guard let pastKey = call.optionalInput(3), let pastValue = call.optionalInput(4), pastKey.shape.count == 4 else {
      throw call.unsupported("has no caches; export one decoding step with past keys and values")
    }
    let (heads, stored) = (call.int("num_heads", default: 0), call.int("kv_num_heads", default: 0))
    guard (1...Call.mostElements).contains(heads), (1...Call.mostElements).contains(stored) else {
      throw call.malformed("has \(heads) and \(stored) heads")
    }
    var parts = [try call.input(0), call.optionalInput(1), call.optionalInput(2)].compactMap { $0 }
    if parts.count == 1 {
      // Queries, keys and values one after the other.
      let size = (parts[0].shape.last ?? 0) / (heads + 2 * stored)
      let ranges = [(0, heads * size), (heads * size, stored * size), ((heads + stored) * size, stored * size)]
      parts = ranges.compactMap { start, count in parts[0].moved { $0.sliced(axis: $0.shape.count - 1, start: start, count: count) } }
    }
    guard parts.count == 3 else { throw call.malformed("has keys without values") }
    var query = try split(parts[0], heads: heads, call)
    var key = try split(parts[1], heads: stored, call)
    let value = try split(parts[2], heads: stored, call)
    let past = pastKey.shape[2]
    if call.int("do_rotary", default: 0) != 0 {
      let positions = (0..<query.shape[2]).map { past + $0 }
      let angles = (try positionRows(try call.input(7), positions, call), try positionRows(try call.input(8), positions, call))
      let width = 2 * (angles.0.shape.last ?? 0)
      let isInterleaved = call.int("rotary_interleaved", default: 0) != 0
      query = try rotated(query, angles.0, angles.1, width: width, isInterleaved: isInterleaved, call)
      key = try rotated(key, angles.0, angles.1, width: width, isInterleaved: isInterleaved, call)
    }
    let (keys, values) = (try appended(pastKey, key, call), try appended(pastValue, value, call))
    let result = try attention(
      query, keys, values, bias: call.optionalInput(10), isCausal: true, past: past, scale: scale(call), call)
    return [try joined(result, call), keys, values]
  }
}
