extension Rules {
  /// Gates that are made of elementwise operations.
  static let activations: [String: Rule] = [
    "Gelu": { call throws(ImportFailure) in
      guard call.string("approximate", default: "none") == "tanh" else { return [try errorFunctionGelu(try call.input(0), call)] }
      return [try tanhGelu(try call.input(0), call)]
    },
    "HardSigmoid": { call throws(ImportFailure) in
      let scaled = try scaled(try call.input(0), Double(call.float("alpha", default: 0.2)), call)
      let shifted = try combined(.add, scaled, number(Double(call.float("beta", default: 0.5))), call)
      return [try smaller(try combined(.maximum, shifted, number(0), call), number(1), call)]
    },
    "Swish": { call throws(ImportFailure) in [try swish(try call.input(0), Double(call.float("alpha", default: 1)), call)] },
  ]

  /// x * sigmoid(slope * x).
  static func swish(_ tensor: Tensor, _ slope: Double, _ call: Call) throws(ImportFailure) -> Tensor {
    try combined(.multiply, tensor, try sigmoid(try scaled(tensor, slope, call), call), call)
  }

  /// x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))) / 2, which is x times a sigmoid of twice the argument.
  static func tanhGelu(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    let cube = try combined(.multiply, try combined(.multiply, tensor, tensor, call), tensor, call)
    let inner = try combined(.add, tensor, try scaled(cube, 0.044715, call), call)
    return try combined(.multiply, tensor, try sigmoid(try scaled(inner, 2 * (2 / Double.pi).squareRoot(), call), call), call)
  }

  static func errorFunctionGelu(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    call.opaque(shape: tensor.shape, type: tensor.type, "needs the error function, for which there is no operation")
  }

  private static func scaled(_ tensor: Tensor, _ factor: Double, _ call: Call) throws(ImportFailure) -> Tensor {
    try combined(.multiply, tensor, number(factor), call)
  }

  private static func number(_ value: Double) -> Tensor { .reals(Weight([value], shape: [], type: .float32)) }
}
