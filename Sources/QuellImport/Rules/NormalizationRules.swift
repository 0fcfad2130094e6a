import Quell

extension Rules {
  /// Operators that bring rows to a mean of zero, to a mean square of one, or to both.
  static let normalizations: [String: Rule] = [
    "LayerNormalization": { call throws(ImportFailure) in [try rows(.layer, bias: call.optionalInput(2), call)] },
    "RMSNormalization": { call throws(ImportFailure) in [try rows(.rootMeanSquare, bias: nil, call)] },
    "SimplifiedLayerNormalization": { call throws(ImportFailure) in [try rows(.rootMeanSquare, bias: nil, call)] },
    "InstanceNormalization": { call throws(ImportFailure) in
      [try grouped(try call.input(0), groups: try call.input(0).shape.dropFirst().first ?? 0, call)]
    },
    // Before version 21 there is a gain for each group, from then on one for each channel.
    "GroupNormalization": { call throws(ImportFailure) in
      [try grouped(try call.input(0), groups: call.int("num_groups", default: 0), call)]
    },
    "LpNormalization": unitLength,
  ]

  private static func rows(_ kind: Normalization, bias: Tensor?, _ call: Call) throws(ImportFailure) -> Tensor {
    let tensor = try call.input(0)
    let axis = try call.axis(call.int("axis", default: -1), rank: tensor.shape.count)
    return try normalized(kind, tensor, axis: axis, gain: call.optionalInput(1), bias: bias, call.float("epsilon", default: 1e-5), call)
  }

  /// Normalisation over the last axes, from the given one on.
  static func normalized(
    _ kind: Normalization, _ tensor: Tensor, axis: Int, gain: Tensor?, bias: Tensor?, _ epsilon: Float, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    let inner = Array(tensor.shape[axis...])
    let length = inner.product
    guard length > 0 else { throw call.malformed("normalises nothing") }
    func operand(_ tensor: Tensor?) throws(ImportFailure) -> [Element]? {
      guard let tensor else { return nil }
      guard broadcastShape(tensor.shape, inner) == inner else {
        throw call.inconsistent("has a gain or bias of shape \(tensor.shape) for rows of shape \(inner)")
      }
      return call.lane.elements(of: tensor, broadcastTo: inner, node: call.number)
    }
    let (gain, bias) = (try operand(gain), try operand(bias))
    let source = call.lane.elements(of: tensor, node: call.number)
    var elements: [Element] = []
    for start in stride(from: 0, to: source.count, by: length) {
      let row = Array(source[start..<(start + length)])
      let number = call.lane.trace.add(
        .normalize(kind, row, gain: gain, bias: bias, epsilon: epsilon), count: length, node: call.number)
      elements += call.lane.trace.elements(of: number)
    }
    return call.dynamic(elements, shape: tensor.shape, type: tensor.type)
  }

  /// Layer normalisation of groups of channels, then a gain and a bias for each channel or for each group.
  private static func grouped(_ tensor: Tensor, groups: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    let shape = tensor.shape
    guard shape.count >= 2, shape[0] == 1, groups > 0, shape[1] % groups == 0 else {
      throw call.malformed("normalises shape \(shape) in \(groups) groups")
    }
    let wide = try reshaped(tensor, to: [groups, tensor.count / groups], call)
    let normal = try normalized(.layer, wide, axis: 1, gain: nil, bias: nil, call.float("epsilon", default: 1e-5), call)
    func spread(_ tensor: Tensor) throws(ImportFailure) -> Tensor {
      // A number for each group serves all of its channels.
      guard tensor.count == groups || tensor.count == shape[1] else { throw call.malformed("has a gain or bias of shape \(tensor.shape)") }
      let column = try reshaped(tensor, to: [tensor.count, 1], call)
      guard let wide = column.moved({ $0.broadcast(to: [tensor.count, shape[1] / tensor.count]) }) else { return tensor }
      return try reshaped(wide, to: [shape[1]] + [Int](repeating: 1, count: shape.count - 2), call)
    }
    let result = try combined(.multiply, try reshaped(normal, to: shape, call), try spread(try call.input(1)), call)
    return try combined(.add, result, try spread(try call.input(2)), call)
  }

  /// Rows divided by their length: the root of the sum of their squares, or the sum of their magnitudes.
  private static func unitLength(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let axis = try call.axis(call.int("axis", default: -1), rank: tensor.shape.count)
    let isSquare = call.int("p", default: 2) == 2
    let terms = isSquare ? try combined(.multiply, tensor, tensor, call) : try absolute(tensor, call)
    let sum = try sums(of: terms, along: axis, call)
    return [try combined(.divide, tensor, isSquare ? try squareRoot(sum, call) : sum, call)]
  }
}
