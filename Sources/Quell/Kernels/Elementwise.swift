/// Functions of one and two elements over vectors. An operand may be the result's own memory.
enum Elementwise {
  static func unary(_ function: UnaryFunction, _ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, count: Int) {
    switch function {
    case .negate: for index in 0..<count { result[index] = -source[index] }
    case .exponential: for index in 0..<count { result[index] = Quell.exponential(source[index]) }
    case .relu: for index in 0..<count { result[index] = relu(source[index]) }
    case .sigmoid: for index in 0..<count { result[index] = Quell.sigmoid(source[index]) }
    case .squareRoot: for index in 0..<count { result[index] = source[index].squareRoot() }
    case .sine: for index in 0..<count { result[index] = Quell.sine(source[index]) }
    case .cosine: for index in 0..<count { result[index] = Quell.cosine(source[index]) }
    case .hyperbolicTangent: for index in 0..<count { result[index] = Quell.hyperbolicTangent(source[index]) }
    case .errorFunction: for index in 0..<count { result[index] = Quell.errorFunction(source[index]) }
    case .logarithm: for index in 0..<count { result[index] = Quell.logarithm(source[index]) }
    case .absolute: for index in 0..<count { result[index] = abs(source[index]) }
    }
  }

  /// `leftStep` and `rightStep` are 1, or 0 where one element serves all of the result's.
  static func binary(
    _ function: BinaryFunction, _ left: UnsafePointer<Float>, leftStep: Int, _ right: UnsafePointer<Float>, rightStep: Int,
    _ result: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch (leftStep, rightStep) {
    case (1, 1): binary(function, { left[$0] }, { right[$0] }, result, count)
    case (0, _):
      let single = left[0]
      binary(function, { _ in single }, { right[$0 &* rightStep] }, result, count)
    default:
      let single = right[0]
      binary(function, { left[$0] }, { _ in single }, result, count)
    }
  }

  @inline(__always)
  private static func binary(
    _ function: BinaryFunction, _ left: (Int) -> Float, _ right: (Int) -> Float, _ result: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch function {
    case .add: for index in 0..<count { result[index] = left(index) + right(index) }
    case .subtract: for index in 0..<count { result[index] = left(index) - right(index) }
    case .multiply: for index in 0..<count { result[index] = left(index) * right(index) }
    case .divide: for index in 0..<count { result[index] = left(index) / right(index) }
    case .maximum: for index in 0..<count { result[index] = maximum(left(index), right(index)) }
    case .minimum: for index in 0..<count { result[index] = minimum(left(index), right(index)) }
    }
  }

  /// A NaN stays one.
  @inline(__always)
  private static func relu(_ x: Float) -> Float { x < 0 ? 0 : x }

  /// The greater of two; a NaN wins, as in ONNX.
  @inline(__always)
  static func maximum(_ left: Float, _ right: Float) -> Float { left > right || left != left ? left : right }

  /// The smaller of two; a NaN wins.
  @inline(__always)
  private static func minimum(_ left: Float, _ right: Float) -> Float { left < right || left != left ? left : right }
}
