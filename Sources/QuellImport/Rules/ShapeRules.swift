extension Rules {
  /// Operators that make known numbers out of shapes and numbers.
  static let shapes: [String: Rule] = [
    "Shape": shape,
    "Size": { call throws(ImportFailure) in [.integer(try call.input(0).count)] },
    "Constant": constant,
    "ConstantOfShape": constantOfShape,
    "Range": range,
    "Trilu": triangle,
    "CumSum": cumulativeSum,
    "EyeLike": identityMatrix,
  ]

  private static func shape(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let shape = try call.input(0).shape
    func clamped(_ value: Int) -> Int { min(max(value < 0 ? value + shape.count : value, 0), shape.count) }
    let start = clamped(call.int("start", default: 0))
    let end = clamped(call.int("end", default: shape.count))
    return [.vector(Array(shape[start..<max(start, end)]))]
  }

  private static func constant(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    if case .float(let number)? = call.node.attributes["value_float"] {
      return [.reals(Weight([Double(number)], shape: [], type: .float32))]
    }
    if case .floats(let numbers)? = call.node.attributes["value_floats"] {
      return [.reals(Weight(numbers.map { Double($0) }, shape: [numbers.count], type: .float32))]
    }
    if case .int(let number)? = call.node.attributes["value_int"] { return [.integer(Int(number))] }
    if let numbers = call.ints("value_ints") { return [.vector(numbers)] }
    if case .tensor(let tensor)? = call.node.attributes["value"] {
      return [try call.reader.tensor(tensor, named: call.node.outputs.first ?? "")]
    }
    throw call.unsupported("holds a constant of a kind that is not supported")
  }

  private static func constantOfShape(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let shape = try call.integers(0, "lengths")
    let count = try call.checked(shape)
    guard case .tensor(let tensor)? = call.node.attributes["value"] else {
      return [.reals(Weight([0], shape: [], type: .float32).repeated(shape))]
    }
    switch try call.reader.tensor(tensor, named: call.node.name).counted {
    case .reals(let weight) where weight.count == 1:
      return [.reals(Weight(weight.values, shape: [], type: weight.type).repeated(shape))]
    case .integers(let one) where one.values.count == 1:
      let values = [Int64](repeating: one.values[0], count: count)
      return [.integers(Tensor.Integers(shape: shape, values: values, type: one.type))]
    default: throw call.malformed("has a value of more than one element")
    }
  }

  private static func range(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let inputs = [try call.input(0), try call.input(1), try call.input(2)]
    guard let start = inputs[0].knownReals?.first, let limit = inputs[1].knownReals?.first, let step = inputs[2].knownReals?.first
    else { throw call.unsupported("has limits that depend on the token or on computed values") }
    let steps = ((limit - start) / step).rounded(.up)
    guard step != 0, steps.isFinite, steps <= Double(Call.mostElements) else { throw call.malformed("does not end") }
    let numbers = (0..<max(Int(steps), 0)).map { start + Double($0) * step }
    if inputs[0].type.isReal { return [.reals(Weight(numbers, shape: [numbers.count], type: inputs[0].type))] }
    return [.integers(Tensor.Integers(shape: [numbers.count], values: numbers.map { Int64(exactly: $0) ?? 0 }, type: inputs[0].type))]
  }

  private static func triangle(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let diagonal = call.optionalInput(1) == nil ? 0 : try call.integers(1, "a diagonal").first ?? 0
    let isUpper = call.int("upper", default: 1) != 0
    guard tensor.shape.count >= 2 else { throw call.malformed("needs a matrix") }
    let (rows, columns) = (tensor.shape[tensor.shape.count - 2], tensor.shape[tensor.shape.count - 1])
    var picks = Picks([tensor, zero(of: tensor.type)])
    for index in 0..<tensor.count {
      let (row, column) = (index / columns % rows, index % columns)
      let (offset, _) = (column - row).subtractingReportingOverflow(diagonal)
      (isUpper ? offset >= 0 : offset <= 0) ? picks.append(0, index) : picks.append(1, 0)
    }
    return [picks.assembled(shape: tensor.shape, in: call)]
  }

  private static func cumulativeSum(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let shape = tensor.shape
    guard var values = tensor.knownReals else {
      return [call.opaque(shape: shape, type: tensor.type, "sums computed numbers, for which there is no operation")]
    }
    let axis = try call.axis(try call.integers(1, "an axis").first ?? 0, rank: shape.count)
    let isReverse = call.int("reverse", default: 0) != 0
    let isExclusive = call.int("exclusive", default: 0) != 0
    let length = shape[axis]
    let inner = Array(shape[(axis + 1)...]).product
    for start in 0..<values.count where start / inner % length == 0 {
      var sum = 0.0
      for step in 0..<length {
        let at = start + (isReverse ? length - 1 - step : step) * inner
        let before = sum
        sum += values[at]
        values[at] = isExclusive ? before : sum
      }
    }
    if tensor.type.isReal { return [.reals(Weight(values, shape: shape, type: tensor.type))] }
    return [.integers(Tensor.Integers(shape: shape, values: values.map { Int64(exactly: $0) ?? 0 }, type: tensor.type))]
  }

  private static func identityMatrix(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let shape = try call.input(0).shape
    guard shape.count == 2 else { throw call.malformed("needs a matrix") }
    let count = try call.checked(shape)
    let diagonal = call.int("k", default: 0)
    let type = DataType(inFile: call.int("dtype", default: DataType.float32.rawValue)) ?? .float32
    let values = (0..<count).map { $0 % shape[1] - $0 / shape[1] == diagonal ? Int64(1) : 0 }
    if type.isReal { return [.reals(Weight(values.map { Double($0) }, shape: shape, type: type))] }
    return [.integers(Tensor.Integers(shape: shape, values: values, type: type))]
  }

  /// A single zero of a type.
  static func zero(of type: DataType) -> Tensor {
    type.isReal
      ? .reals(Weight([0], shape: [1], type: type)) : .integers(Tensor.Integers(shape: [1], values: [0], type: type))
  }
}

extension Weight {
  /// One number under a larger shape, not stored more than once.
  func repeated(_ shape: [Int]) -> Weight {
    var result = self
    result.layout = layout.broadcast(to: shape) ?? layout
    return result
  }
}
