extension Rules {
  /// The operator that stands for a threshold.
  static let thresholds: [String: Rule] = [
    "Shrink": shrink
  ]

  /// Zero where a magnitude is not above `lambd`, else the number, brought closer to zero by `bias`.
  private static func shrink(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let (limit, bias) = (call.float("lambd", default: 0.5), call.float("bias", default: 0))
    guard limit.isFinite, bias.isFinite else { throw call.malformed("has a threshold of \(limit) and a bias of \(bias)") }
    if let numbers = tensor.knownReals, tensor.type.isReal {
      try call.checked(tensor.shape)
      let (limit, bias) = (Double(limit), Double(bias))
      let results = numbers.map { $0 < -limit ? $0 + bias : $0 > limit ? $0 - bias : 0 }
      return [.reals(Weight(results, shape: tensor.shape, type: tensor.type))]
    }
    guard case .dynamic(let dynamic) = tensor, dynamic.type.isReal else { throw call.unsupported("shrinks whole numbers") }
    let (lane, elements, node) = (call.lane, dynamic.elements, call.number)
    if bias == 0 {
      // Every number is beyond a negative limit on one side or the other.
      let kept = limit < 0 ? elements : lane.thresholded(elements, [Float](repeating: limit, count: elements.count), node: node)
      return [call.dynamic(kept, shape: tensor.shape, type: tensor.type)]
    }
    guard bias == limit, limit > 0 else {
      return [
        call.opaque(
          shape: tensor.shape, type: tensor.type,
          "shrinks what is above \(limit) by a bias of \(bias); a bias can be 0 or the threshold itself")
      ]
    }
    // What sticks out above the limit, less what sticks out below it.
    let above = lane.unary(.relu, lane.binary(.subtract, elements, Double(limit), node: node), node: node)
    let mirrored = lane.binary(.subtract, lane.unary(.negate, elements, node: node), Double(limit), node: node)
    let result = lane.binary(.subtract, above, lane.unary(.relu, mirrored, node: node), node: node)
    return [call.dynamic(result, shape: tensor.shape, type: tensor.type)]
  }
}
