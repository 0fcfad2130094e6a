import Quell

extension Rules {
  /// Operators that ONNX Runtime puts in the place of several standard ones.
  static let contributedFusions: [String: Rule] = [
    "com.microsoft.LayerNormalization": { call throws(ImportFailure) in try normalizations["LayerNormalization"]?(call) ?? [] },
    "com.microsoft.SkipLayerNormalization": { call throws(ImportFailure) in
      try normalizeSum(.layer, bias: call.optionalInput(3), addend: call.optionalInput(4), call)
    },
    "com.microsoft.SkipSimplifiedLayerNormalization": { call throws(ImportFailure) in
      try normalizeSum(.rootMeanSquare, bias: nil, addend: call.optionalInput(3), call)
    },
    "com.microsoft.FusedMatMul": multiplyMoved,
    "com.microsoft.FusedGemm": { call throws(ImportFailure) in [try activated(try general(call), call)] },
    "com.microsoft.Gelu": { call throws(ImportFailure) in [try errorFunctionGelu(try call.input(0), call)] },
    "com.microsoft.BiasGelu": { call throws(ImportFailure) in [try errorFunctionGelu(try biased(call), call)] },
    "com.microsoft.FastGelu": { call throws(ImportFailure) in [try tanhGelu(try biased(call), call)] },
    "com.microsoft.QuickGelu": { call throws(ImportFailure) in
      [try swish(try call.input(0), Double(call.float("alpha", default: 1.702)), call)]
    },
    "com.microsoft.MultiHeadAttention": attendWithHeads,
    "com.microsoft.Attention": attendWithProjection,
  ]

  /// The first input with the optional second one added.
  private static func biased(_ call: Call) throws(ImportFailure) -> Tensor {
    guard let bias = call.optionalInput(1) else { return try call.input(0) }
    return try combined(.add, try call.input(0), bias, call)
  }

  private static func activated(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    switch call.string("activation", default: "") {
    case "": return tensor
    case "Relu": return try relu(tensor, call)
    case "Sigmoid": return try sigmoid(tensor, call)
    case let other: throw call.unsupported("ends in \(other), which is not supported")
    }
  }

  /// Normalisation of a sum; the last output is the sum.
  private static func normalizeSum(
    _ kind: Normalization, bias: Tensor?, addend: Tensor?, _ call: Call
  ) throws(ImportFailure) -> [Tensor?] {
    var sum = try combined(.add, try call.input(0), try call.input(1), call)
    if let addend { sum = try combined(.add, sum, addend, call) }
    let normal = try normalized(
      kind, sum, axis: sum.shape.count - 1, gain: call.optionalInput(2), bias: bias, call.float("epsilon", default: 1e-12), call)
    return [normal, nil, nil, sum]
  }

  /// A product of tensors whose last two axes, or first and second to last ones, may change places.
  private static func multiplyMoved(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    func operand(_ index: Int, _ side: String) throws(ImportFailure) -> Tensor {
      let tensor = try call.input(index)
      let rank = tensor.shape.count
      guard rank >= 2 else { return tensor }
      guard call.int("transBatch\(side)", default: 0) == 0 else { throw call.unsupported("turns batch axes") }
      guard call.int("trans\(side)", default: 0) != 0 else { return tensor }
      return tensor.moved { $0.transposed(Array(0..<(rank - 2)) + [rank - 1, rank - 2]) } ?? tensor
    }
    let result = try product(try operand(0, "A"), try operand(1, "B"), call)
    return [try combined(.multiply, result, .reals(Weight([Double(call.float("alpha", default: 1))], shape: [], type: .float32)), call)]
  }

  // MARK: Attention

  /// The factor of the scores, nil for the usual one.
  static func scale(_ call: Call) -> Double? {
    // Zero stands for the usual scale.
    if case .float(let number)? = call.node.attributes["scale"], number != 0 { Double(number) } else { nil }
  }

  /// Part `index` of `count` equal parts of the last axis.
  private static func part(_ tensor: Tensor, _ index: Int, of count: Int) -> Tensor? {
    guard let last = tensor.shape.last, last % count == 0 else { return nil }
    return tensor.moved { $0.sliced(axis: tensor.shape.count - 1, start: index * (last / count), count: last / count) }
  }

  /// Attention of queries, keys and values [1, rows, heads * width], with a bias of all three one after the other.
  private static func attendWithHeads(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    guard call.optionalInput(4) == nil else { throw call.unsupported("has a mask of padding; export without padding") }
    guard call.optionalInput(8) == nil, call.optionalInput(9) == nil else {
      throw call.unsupported("shares its caches with its outputs; export with caches that grow")
    }
    var tensors: [Tensor] = []
    for index in 0..<3 {
      guard call.optionalInput(index)?.shape.count == (index > 0 && call.optionalInput(index)?.shape.count == 4 ? 4 : 3) else {
        throw call.unsupported("takes queries, keys and values packed together")
      }
      var tensor = try call.input(index)
      if let bias = call.optionalInput(3), tensor.shape.count == 3 {
        let width = tensor.shape[2]
        // Widths of queries and keys are the same; the values' part is the rest.
        let start = index * (try call.input(0).shape[2])
        guard bias.shape.count == 1, start + width <= bias.shape[0],
          let own = bias.moved({ $0.sliced(axis: 0, start: start, count: width) })
        else { throw call.malformed("has a bias of shape \(bias.shape)") }
        tensor = try combined(.add, tensor, own, call)
      }
      tensors.append(tensor.shape.count == 4 ? tensor : try split(tensor, heads: call.int("num_heads", default: 0), call))
    }
    return try attendOverPast(tensors, past: (call.optionalInput(6), call.optionalInput(7)), bias: call.optionalInput(5), call)
  }

  /// Attention that makes queries, keys and values of its input by one matrix, and keeps both caches in one tensor.
  private static func attendWithProjection(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    guard call.ints("qkv_hidden_sizes") == nil, call.int("do_rotary", default: 0) == 0, call.optionalInput(6) == nil else {
      throw call.unsupported("has widths, rotations or shared caches that are not supported")
    }
    if let mask = call.optionalInput(3) {
      // A mask of ones hides nothing.
      guard mask.shape.count == 2, mask.knownIntegers?.allSatisfy({ $0 != 0 }) ?? false else {
        throw call.unsupported("has a mask that is not one number for each position, all of them seen")
      }
    }
    var projected = try product(try call.input(0), try call.input(1), call)
    if let bias = call.optionalInput(2) { projected = try combined(.add, projected, bias, call) }
    var tensors: [Tensor] = []
    for index in 0..<3 {
      guard let part = part(projected, index, of: 3) else { throw call.malformed("projects to shape \(projected.shape)") }
      tensors.append(try split(part, heads: call.int("num_heads", default: 0), call))
    }
    var past: (Tensor?, Tensor?) = (nil, nil)
    if let both = call.optionalInput(4) {
      guard both.shape.count == 5, both.shape[0] == 2 else { throw call.malformed("has a cache of shape \(both.shape)") }
      func half(_ index: Int) throws(ImportFailure) -> Tensor? {
        guard let half = both.moved({ $0.sliced(axis: 0, start: index, count: 1) }) else { return nil }
        return try reshaped(half, to: Array(both.shape[1...]), call)
      }
      past = (try half(0), try half(1))
    }
    let results = try attendOverPast(tensors, past: past, bias: call.optionalInput(5), call)
    guard let key = results[1], let value = results[2] else { return results }
    var picks = Picks([key, value])
    for tensor in 0..<2 { for index in 0..<key.count { picks.append(tensor, index) } }
    return [results[0], picks.assembled(shape: [2] + key.shape, in: call)]
  }

  private static func attendOverPast(
    _ tensors: [Tensor], past: (Tensor?, Tensor?), bias: Tensor?, _ call: Call
  ) throws(ImportFailure) -> [Tensor?] {
    var (key, value) = (tensors[1], tensors[2])
    if let pastKey = past.0, let pastValue = past.1 {
      (key, value) = (try appended(pastKey, key, call), try appended(pastValue, value, call))
    }
    let before = past.0?.shape[2] ?? 0
    let result = try attention(
      tensors[0], key, value, bias: bias, isCausal: call.int("unidirectional", default: 0) != 0, past: before, scale: scale(call), call)
    return [try joined(result, call), key, value]
  }
}
