extension Rules {
  /// Gates that are made of elementwise operations.
  static let activations: [String: Rule] = [
    "Gelu": { call throws(ImportFailure) in
      guard call.string("approximate", default: "none") == "tanh" else { return [try errorFunctionGelu(try call.input(0), call)] }
      return [try tanhGelu(try call.input(0), call)]
    },
    "HardSigmoid": { call throws(ImportFailure) in
      [try hardSigmoid(try call.input(0), Double(call.float("alpha", default: 0.2)), Double(call.float("beta", default: 0.5)), call)]
    },
    "HardSwish": { call throws(ImportFailure) in
      let tensor = try call.input(0)
      return [try combined(.multiply, tensor, try hardSigmoid(tensor, 1.0 / 6, 0.5, call), call)]
    },
    "Swish": { call throws(ImportFailure) in [try swish(try call.input(0), Double(call.float("alpha", default: 1)), call)] },
    "Softplus": { call throws(ImportFailure) in [try softplus(try call.input(0), call)] },
    "Mish": { call throws(ImportFailure) in
      let tensor = try call.input(0)
      return [try combined(.multiply, tensor, try hyperbolicTangent(try softplus(tensor, call), call), call)]
    },
    "Softsign": { call throws(ImportFailure) in
      let tensor = try call.input(0)
      return [try combined(.divide, tensor, try combined(.add, try absolute(tensor, call), number(1), call), call)]
    },
    "LeakyRelu": { call throws(ImportFailure) in
      [try bent(try call.input(0), slope: number(Double(call.float("alpha", default: 0.01))), call)]
    },
    "PRelu": { call throws(ImportFailure) in [try bent(try call.input(0), slope: try call.input(1), call)] },
    "Elu": { call throws(ImportFailure) in [try decaying(try call.input(0), Double(call.float("alpha", default: 1)), call)] },
    "Celu": { call throws(ImportFailure) in
      let alpha = Double(call.float("alpha", default: 1))
      return [try scaled(try decaying(try scaled(try call.input(0), 1 / alpha, call), 1, call), alpha, call)]
    },
    "Selu": { call throws(ImportFailure) in
      let (alpha, gamma) = (call.float("alpha", default: 1.673_263_2), call.float("gamma", default: 1.050_701))
      return [try scaled(try decaying(try call.input(0), Double(alpha), call), Double(gamma), call)]
    },
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

  /// x * (1 + erf(x / sqrt(2))) / 2.
  static func errorFunctionGelu(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    let error = try errorFunction(try scaled(tensor, 0.5.squareRoot(), call), call)
    return try combined(.multiply, try scaled(tensor, 0.5, call), try combined(.add, error, number(1), call), call)
  }

  /// ln(1 + e^x), as the part above zero and the rest, which never overflows.
  private static func softplus(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    let decay = try exponential(try negated(try absolute(tensor, call), call), call)
    return try combined(.add, try relu(tensor, call), try logarithm(try combined(.add, decay, number(1), call), call), call)
  }

  /// slope * x + shift, kept between 0 and 1.
  private static func hardSigmoid(_ tensor: Tensor, _ slope: Double, _ shift: Double, _ call: Call) throws(ImportFailure) -> Tensor {
    let shifted = try combined(.add, try scaled(tensor, slope, call), number(shift), call)
    return try combined(.minimum, try combined(.maximum, shifted, number(0), call), number(1), call)
  }

  /// x above zero, slope * x below.
  private static func bent(_ tensor: Tensor, slope: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    let below = try combined(.multiply, try combined(.minimum, tensor, number(0), call), slope, call)
    return try combined(.add, try relu(tensor, call), below, call)
  }

  /// x above zero, factor * (e^x - 1) below.
  private static func decaying(_ tensor: Tensor, _ factor: Double, _ call: Call) throws(ImportFailure) -> Tensor {
    let below = try exponential(try combined(.minimum, tensor, number(0), call), call)
    return try combined(
      .add, try relu(tensor, call), try scaled(try combined(.subtract, below, number(1), call), factor, call), call)
  }

  static func scaled(_ tensor: Tensor, _ factor: Double, _ call: Call) throws(ImportFailure) -> Tensor {
    try combined(.multiply, tensor, number(factor), call)
  }

  static func number(_ value: Double) -> Tensor { .reals(Weight([value], shape: [], type: .float32)) }
}
