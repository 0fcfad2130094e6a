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
    "Min": arithmetic(.minimum, isVariadic: true),
    "Sum": arithmetic(.add, isVariadic: true),
    "Pow": power,
    "Mod": remainder,
    "Clip": clip,
    "Neg": { call throws(ImportFailure) in [try negated(try call.input(0), call)] },
    "Exp": { call throws(ImportFailure) in [try exponential(try call.input(0), call)] },
    "Relu": { call throws(ImportFailure) in [try relu(try call.input(0), call)] },
    "Sigmoid": { call throws(ImportFailure) in [try sigmoid(try call.input(0), call)] },
    "Sqrt": { call throws(ImportFailure) in [try squareRoot(try call.input(0), call)] },
    "Reciprocal": { call throws(ImportFailure) in [try combined(.divide, number(1), try call.input(0), call)] },
    "Abs": { call throws(ImportFailure) in [try absolute(try call.input(0), call)] },
    "Tanh": { call throws(ImportFailure) in [try hyperbolicTangent(try call.input(0), call)] },
    "Log": { call throws(ImportFailure) in [try logarithm(try call.input(0), call)] },
    "Sin": { call throws(ImportFailure) in [try mapped(try call.input(0), .sine, call) { sin($0) }] },
    "Cos": { call throws(ImportFailure) in [try mapped(try call.input(0), .cosine, call) { cos($0) }] },
    "Erf": { call throws(ImportFailure) in [try errorFunction(try call.input(0), call)] },
    "Floor": unary({ $0.rounded(.down) }, nil),
    "Ceil": unary({ $0.rounded(.up) }, nil),
    "Round": { call throws(ImportFailure) in [try mapped(try call.input(0), .round, call) { $0.rounded(.toNearestOrEven) }] },
    "Sign": unary({ $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }) { lane, x, node in
      // Only numbers below the least normal one come out less than 1 away from zero.
      let magnitude = lane.binary(.maximum, lane.unary(.absolute, x, node: node), Double(Float.leastNormalMagnitude), node: node)
      return lane.binary(.divide, x, magnitude, node: node)
    },
  ]

  // MARK: One operand

  private typealias Computed = @Sendable (Lane, [Element], Int) -> [Element]

  private static func unary(_ known: @escaping @Sendable (Double) -> Double, _ computed: Computed?) -> Rule {
    { call throws(ImportFailure) in [try mapped(try call.input(0), call, known, computed)] }
  }

  /// The sigmoid of a tensor.
  static func sigmoid(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .sigmoid, call) { 1 / (1 + exp(-$0)) }
  }

  /// The greater of a tensor and zero.
  static func relu(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .relu, call) { max($0, 0) }
  }

  static func negated(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor { try mapped(tensor, .negate, call) { -$0 } }

  static func absolute(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .absolute, call) { abs($0) }
  }

  static func exponential(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .exponential, call) { exp($0) }
  }

  static func logarithm(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .logarithm, call) { log($0) }
  }

  static func squareRoot(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .squareRoot, call) { $0.squareRoot() }
  }

  static func hyperbolicTangent(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .hyperbolicTangent, call) { tanh($0) }
  }

  static func errorFunction(_ tensor: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    try mapped(tensor, .errorFunction, call) { erf($0) }
  }

  /// A function of the runtime, evaluated where all is known.
  private static func mapped(
    _ tensor: Tensor, _ function: UnaryFunction, _ call: Call, _ known: (Double) -> Double
  ) throws(ImportFailure) -> Tensor {
    try mapped(tensor, call, known) { lane, x, node in lane.unary(function, x, node: node) }
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
    if left.isKnown, right.isKnown {
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
    }
    guard let computed, left.type.isReal, right.type.isReal else {
      return call.opaque(shape: shape, type: left.type, "works on computed numbers, for which there is no operation")
    }
    let x = call.lane.elements(of: left, broadcastTo: shape, node: call.number)
    let y = call.lane.elements(of: right, broadcastTo: shape, node: call.number)
    return call.dynamic(computed(call.lane, x, y, call.number), shape: shape, type: left.type)
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
    if let high = limit("max", 2) { result = try combined(.minimum, result, high, call) }
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
        return lane.power(x, y, node, call)
      }
      return lane.power(x, power, node)
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
  /// x to a known power: products and a square root where they do, else e^(power * ln x), which is for positive x alone.
  fileprivate func power(_ x: [Element], _ power: Double, _ node: Int) -> [Element] {
    switch power {
    case 0: return constant(1, count: x.count, node: node)
    case 1: return x
    case 0.5: return unary(.squareRoot, x, node: node)
    case 0..<32 where power == power.rounded():
      let half = self.power(x, (power / 2).rounded(.down), node)
      let square = binary(.multiply, half, half, node: node)
      return power.truncatingRemainder(dividingBy: 2) == 0 ? square : binary(.multiply, square, x, node: node)
    case _ where power < 0 && (power > -32 && power == power.rounded() || power == -0.5):
      return binary(.divide, constant(1, count: x.count, node: node), self.power(x, -power, node), node: node)
    default: return unary(.exponential, binary(.multiply, unary(.logarithm, x, node: node), power, node: node), node: node)
    }
  }

  /// Known positive numbers to computed powers.
  fileprivate func power(_ x: [Element], _ y: [Element], _ node: Int, _ call: Call) -> [Element] {
    guard let numbers = trace.numbers(of: x), numbers.allSatisfy({ $0 > 0 }) else {
      return elements(
        of: call.opaque(shape: [x.count], type: .float32, "raises computed numbers to powers that differ or are computed"), node: node)
    }
    let logarithms = elements(of: .reals(Weight(numbers.map { log($0) }, shape: [x.count], type: .float32)), node: node)
    return unary(.exponential, binary(.multiply, y, logarithms, node: node), node: node)
  }
}
