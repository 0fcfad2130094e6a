import Quell

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Rules {
  /// Arithmetic, element by element: evaluated where all is known, else an operation of the program.
  static let elementwise: [String: Rule] = [
    "Add": arithmetic(.add),
    "Sub": arithmetic(.subtract),
    "Mul": arithmetic(.multiply),
    "Div": arithmetic(.divide),
    "Max": arithmetic(.maximum, isVariadic: true),
    "Sum": arithmetic(.add, isVariadic: true),
    "Min": minimum,
    "Pow": power,
    "Mod": remainder,
    "Clip": clip,
    "Neg": unary({ -$0 }) { lane, x, node in lane.unary(.negate, x, node: node) },
    "Exp": unary({ exp($0) }) { lane, x, node in lane.unary(.exponential, x, node: node) },
    "Relu": { call throws(ImportFailure) in [try relu(try call.input(0), call)] },
    "Sigmoid": { call throws(ImportFailure) in [try sigmoid(try call.input(0), call)] },
    "Sqrt": unary({ $0.squareRoot() }) { lane, x, node in
      lane.trace.make(.squareRoot(x), count: x.count, node: node)
    },
    "Reciprocal": unary({ 1 / $0 }) { lane, x, node in
      lane.binary(.divide, lane.constant(1, count: x.count, node: node), x, node: node)
    },
    "Abs": unary({ abs($0) }) { lane, x, node in
      lane.binary(.maximum, x, lane.unary(.negate, x, node: node), node: node)
    },
    "Tanh": unary({ tanh($0) }) { lane, x, node in
      let gate = lane.unary(.sigmoid, lane.binary(.multiply, x, 2, node: node), node: node)
      return lane.binary(.subtract, lane.binary(.multiply, gate, 2, node: node), 1, node: node)
    },
    "Log": unary({ log($0) }, nil),
    "Sin": unary({ sin($0) }, nil),
    "Cos": unary({ cos($0) }, nil),
    "Erf": unary({ erf($0) }, nil),
    "Floor": unary({ $0.rounded(.down) }, nil),
    "Ceil": unary({ $0.rounded(.up) }, nil),
    "Round": unary({ $0.rounded(.toNearestOrEven) }, nil),
    "Sign": unary({ $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, nil),
  ]

  // MARK: One operand

  private typealias Computed = @Sendable (Lane, [Element], Int) -> [Element]

  private static func unary(_ known: @escaping @Sendable (Double) -> Double, _ computed: Computed?) -> Rule {
    { call throws(ImportFailure) in [try mapped(try call.input(0), call, known, computed)] }
  }

  /// The sigmoid of a tensor.
  static func sigmoid(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, call, { 1 / (1 + exp(-$0)) }) { lane, x, node in lane.unary(.sigmoid, x, node: node) }
  }

  /// The greater of a tensor and zero.
  static func relu(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, call, { max($0, 0) }) { lane, x, node in lane.unary(.relu, x, node: node) }
  }

  private static func mapped(
    _ tensor: Tensor, _ call: Call, _ known: (Double) -> Double, _ computed: Computed?
  ) throws(ImportFailure) -> Tensor {
    switch tensor {
    case .codes(let weight):
      try call.checked(weight.shape)
      let values = weight.values.map { Int64(exactly: known($0).rounded(.towardZero)) ?? 0 }
      return .integers(Tensor.Integers(shape: weight.shape, values: values, type: weight.type))
    case .integers(var integers):
      integers.values = integers.values.map { Int64(exactly: known(Double($0)).rounded(.towardZero)) ?? 0 }
      return .integers(integers)
    case .reals(let weight):
      try call.checked(weight.shape)
      return .reals(Weight(weight.values.map(known), shape: weight.shape, type: weight.type))
    case .dynamic(let dynamic):
      guard let computed, dynamic.type.isReal else {
        return call.opaque(shape: dynamic.shape, type: dynamic.type, "works on computed values, for which there is no operation")
      }
      return call.dynamic(computed(call.lane, dynamic.elements, call.number), shape: dynamic.shape, type: dynamic.type)
    }
  }

  // MARK: Two operands and more

  /// A function of two operands, or of many taken from the left.
  private static func arithmetic(_ function: BinaryFunction, isVariadic: Bool = false) -> Rule {
    { call throws(ImportFailure) in
      guard isVariadic || call.inputs.count == 2 else { throw call.malformed("needs two inputs") }
      var result = try call.input(0)
      for index in call.inputs.indices.dropFirst() {
        result = try combined(function, result, try call.input(index), call)
      }
      return [result]
    }
  }

  static func combined(
    _ function: BinaryFunction, _ left: Tensor, _ right: Tensor, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    try zipped(left, right, call) { a, b in
      switch function {
      case .add: a &+ b
      case .subtract: a &- b
      case .multiply: a &* b
      case .divide: b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
      case .maximum: max(a, b)
      case .minimum: min(a, b)
      case .threshold: a.magnitude > b.magnitude ? a : 0
      }
    } reals: { a, b in
      switch function {
      case .add: a + b
      case .subtract: a - b
      case .multiply: a * b
      case .divide: a / b
      case .maximum: max(a, b)
      case .minimum: min(a, b)
      case .threshold: a.magnitude > b ? a : 0
      }
    } computed: { lane, a, b, node in
      lane.binary(function, a, b, node: node)
    }
  }

  /// Two broadcast operands: whole numbers, reals, or computed ones.
  private static func zipped(
    _ left: Tensor, _ right: Tensor, _ call: Call, integers: (Int64, Int64) -> Int64, reals: (Double, Double) -> Double,
    computed: ((Lane, [Element], [Element], Int) -> [Element])? = nil
  ) throws(ImportFailure) -> Tensor {
    let shape = try call.broadcast([left, right])
    let (left, right) = (left.counted, right.counted)
    let a = Layout(contiguous: left.shape).broadcast(to: shape)?.offsets ?? []
    let b = Layout(contiguous: right.shape).broadcast(to: shape)?.offsets ?? []
    if case .integers(let x) = left, case .integers(let y) = right {
      let values = a.indices.map { integers(x.values[a[$0]], y.values[b[$0]]) }
      return .integers(Tensor.Integers(shape: shape, values: values, type: left.type))
    }
    if let x = left.knownReals, let y = right.knownReals {
      let type = left.type.isReal ? left.type : right.type
      return .reals(Weight(a.indices.map { reals(x[a[$0]], y[b[$0]]) }, shape: shape, type: type))
    }
    guard let computed, left.type.isReal, right.type.isReal else {
      return call.opaque(shape: shape, type: left.type, "works on computed numbers, for which there is no operation")
    }
    let x = call.lane.elements(of: left, node: call.number)
    let y = call.lane.elements(of: right, node: call.number)
    let elements = computed(call.lane, a.map { x[$0] }, b.map { y[$0] }, call.number)
    return call.dynamic(elements, shape: shape, type: left.type)
  }

  private static func minimum(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    var result = try call.input(0)
    for index in call.inputs.indices.dropFirst() { result = try smaller(result, try call.input(index), call) }
    return [result]
  }

  static func smaller(_ left: Tensor, _ right: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try zipped(left, right, call) {
      min($0, $1)
    } reals: {
      min($0, $1)
    } computed: { lane, a, b, node in
      let (a, b) = (lane.unary(.negate, a, node: node), lane.unary(.negate, b, node: node))
      return lane.unary(.negate, lane.binary(.maximum, a, b, node: node), node: node)
    }
  }

  private static func clip(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    var result = try call.input(0)
    func limit(_ name: String, _ index: Int) -> Tensor? {
      if case .float(let number)? = call.node.attributes[name] {
        return .reals(Weight([Double(number)], shape: [], type: .float32))
      }
      return call.optionalInput(index)
    }
    if let low = limit("min", 1) { result = try combined(.maximum, result, low, call) }
    if let high = limit("max", 2) { result = try smaller(result, high, call) }
    return [result]
  }

  private static func power(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let (base, exponent) = (try call.input(0), try exponent(try call.input(1), of: try call.input(0), call))
    let result = try zipped(base, exponent, call) { base, exponent in
      Int64(exactly: pow(Double(base), Double(exponent)).rounded()) ?? 0
    } reals: { base, exponent in
      pow(base, exponent)
    } computed: { lane, x, y, node in
      guard let first = y.first, let power = lane.trace.known(first), y.allSatisfy({ lane.trace.known($0) == power }) else {
        return lane.unsupportedPower(x, node, call)
      }
      switch power {
      case 1: return x
      case 2: return lane.binary(.multiply, x, x, node: node)
      case 3: return lane.binary(.multiply, lane.binary(.multiply, x, x, node: node), x, node: node)
      case -1: return lane.binary(.divide, lane.constant(1, count: x.count, node: node), x, node: node)
      case 0.5: return lane.trace.make(.squareRoot(x), count: x.count, node: node)
      default: return lane.unsupportedPower(x, node, call)
      }
    }
    return [result]
  }

  /// The power of a computed number may be a whole number; all else is of one type.
  private static func exponent(_ exponent: Tensor, of base: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    guard !base.isKnown, !exponent.type.isReal, let powers = exponent.knownReals else { return exponent }
    try call.checked(exponent.shape)
    return .reals(Weight(powers, shape: exponent.shape, type: base.type))
  }

  private static func remainder(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let keepsSign = call.int("fmod", default: 0) != 0
    let result = try zipped(try call.input(0), try call.input(1), call) { a, b in
      guard b != 0 else { return 0 }
      let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
      return !keepsSign && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    } reals: { a, b in
      fmod(a, b)
    }
    return [result]
  }
}

extension Lane {
  fileprivate func unsupportedPower(_ base: [Element], _ node: Int, _ call: Call) -> [Element] {
    elements(of: call.opaque(shape: [base.count], type: .float32, "raises to a power other than 1, 2, 3, -1 or 0.5"), node: node)
  }
}
