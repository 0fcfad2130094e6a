import CQuell

/// Functions of one and two elements over vectors, an ``ElementVector`` at a time, or as many as the kernels of an instruction set take,
/// with the same bits. An operand may be the result's own memory.
enum Elementwise {
  @_optimize(speed)
  static func unary(
    _ function: UnaryFunction, _ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, count: Int,
    _ kernels: UnsafePointer<quell_kernels>?
  ) {
    if let kernels, kernels.pointee.apply_unary(function.rawValue, source, result, count) { return }
    switch function {
    case .exponential: map(source, result, count) { Quell.exponential($0) }
    case .relu: map(source, result, count) { relu($0) }
    case .sigmoid: map(source, result, count) { Quell.sigmoid($0) }
    case .round: round(source, result, count)
    case .negate, .squareRoot, .absolute, .sine, .cosine, .hyperbolicTangent, .errorFunction, .logarithm:
      elementByElement(function, source, result, count)
    }
  }

  /// The functions of which the compiler makes no vectors, which are long, and those that models seldom have. Left to be compiled for size.
  @inline(never)
  private static func elementByElement(
    _ function: UnaryFunction, _ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    for index in 0..<count {
      let number = source[index]
      result[index] =
        switch function {
        case .negate: -number
        case .squareRoot: number.squareRoot()
        case .absolute: number.magnitude
        case .sine: Quell.sine(number)
        case .cosine: Quell.cosine(number)
        case .hyperbolicTangent: Quell.hyperbolicTangent(number)
        case .errorFunction: Quell.errorFunction(number)
        default: Quell.logarithm(number)
        }
    }
  }

  /// `leftStep` and `rightStep` are 1, or 0 where one element serves all of the result's.
  @inline(never)
  @_optimize(speed)
  static func binary(
    _ function: BinaryFunction, _ left: UnsafePointer<Float>, leftStep: Int, _ right: UnsafePointer<Float>, rightStep: Int,
    _ result: UnsafeMutablePointer<Float>, count: Int, _ kernels: UnsafePointer<quell_kernels>?
  ) {
    if let kernels {
      return kernels.pointee.apply_binary(function.rawValue, left, leftStep, right, rightStep, result, count)
    }
    let operands = (Operand(left, step: leftStep), Operand(right, step: rightStep))
    switch function {
    case .add: combine(operands, result, count) { $0 + $1 }
    case .subtract: combine(operands, result, count) { $0 - $1 }
    case .multiply: combine(operands, result, count) { $0 * $1 }
    case .divide: combine(operands, result, count) { $0 / $1 }
    case .maximum: combine(operands, result, count) { maximum($0, $1) }
    case .minimum: combine(operands, result, count) { minimum($0, $1) }
    case .threshold: combine(operands, result, count) { threshold($0, $1) }
    }
  }

  /// vector = vector * factors + addends, rounded after each; what is nil is left out.
  static func addAfterMultiplying(
    _ vector: UnsafeMutablePointer<Float>, by factors: UnsafePointer<Float>?, _ addends: UnsafePointer<Float>?, count: Int,
    _ kernels: UnsafePointer<quell_kernels>?
  ) {
    if let factors { binary(.multiply, vector, leftStep: 1, factors, rightStep: 1, vector, count: count, kernels) }
    if let addends { binary(.add, vector, leftStep: 1, addends, rightStep: 1, vector, count: count, kernels) }
  }

  /// result[i] = left[i] where condition[i] is above 0, else right[i]. Steps are 1, or 0 where one element serves all.
  @_optimize(speed)
  static func choose(
    _ condition: UnsafePointer<Float>, step: Int, _ left: UnsafePointer<Float>, leftStep: Int, _ right: UnsafePointer<Float>,
    rightStep: Int, _ result: UnsafeMutablePointer<Float>, count: Int
  ) {
    for index in 0..<count {
      result[index] = condition[index &* step] > 0 ? left[index &* leftStep] : right[index &* rightStep]
    }
  }

  // MARK: Loops

  // Loads and stores are spelled out: where the result may be an operand's memory, the compiler makes no vectors of a plain loop.

  @inline(__always)
  private static func map(
    _ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ count: Int, _ function: (ElementVector) -> ElementVector
  ) {
    var index = 0
    while index &+ ElementVector.scalarCount <= count {
      function(ElementVector(at: source + index)).store(to: result + index)
      index &+= ElementVector.scalarCount
    }
    if index < count {
      let rest = count &- index
      function(ElementVector(at: source + index, count: rest)).store(to: result + index, count: rest)
    }
  }

  private struct Operand {
    let memory: UnsafePointer<Float>
    let step: Int

    init(_ memory: UnsafePointer<Float>, step: Int) { (self.memory, self.step) = (memory, step) }
  }

  @inline(__always)
  private static func combine(
    _ operands: (left: Operand, right: Operand), _ result: UnsafeMutablePointer<Float>, _ count: Int,
    _ function: (ElementVector, ElementVector) -> ElementVector
  ) {
    let (left, right) = (operands.left.memory, operands.right.memory)
    switch (operands.left.step, operands.right.step) {
    case (0, 0):
      let single = function(ElementVector(repeating: left[0]), ElementVector(repeating: right[0]))[0]
      result.update(repeating: single, count: count)
    case (0, _):
      let single = ElementVector(repeating: left[0])
      map(right, result, count) { function(single, $0) }
    case (_, 0):
      let single = ElementVector(repeating: right[0])
      map(left, result, count) { function($0, single) }
    default:
      var index = 0
      while index &+ ElementVector.scalarCount <= count {
        function(ElementVector(at: left + index), ElementVector(at: right + index)).store(to: result + index)
        index &+= ElementVector.scalarCount
      }
      if index < count {
        let rest = count &- index
        function(ElementVector(at: left + index, count: rest), ElementVector(at: right + index, count: rest)).store(
          to: result + index, count: rest)
      }
    }
  }

  // MARK: Functions

  /// A NaN stays one.
  @inline(__always)
  private static func relu(_ x: ElementVector) -> ElementVector { x.replacing(with: 0, where: x .< 0) }

  /// The greater of two; a NaN wins, as in ONNX.
  @inline(__always)
  static func maximum(_ left: ElementVector, _ right: ElementVector) -> ElementVector {
    right.replacing(with: left, where: (left .> right) .| (left .!= left))
  }

  /// The greater of two numbers; a NaN wins.
  @inline(__always)
  static func maximum(_ left: Float, _ right: Float) -> Float { left > right || left != left ? left : right }

  /// The smaller of two; a NaN wins.
  @inline(__always)
  private static func minimum(_ left: ElementVector, _ right: ElementVector) -> ElementVector {
    right.replacing(with: left, where: (left .< right) .| (left .!= left))
  }

  /// What the events of a site carry, in place; a NaN stays.
  @inline(__always)
  private static func threshold(_ x: ElementVector, _ limit: ElementVector) -> ElementVector {
    ElementVector(repeating: 0).replacing(with: x, where: (absolute(x) .> limit) .| (x .!= x))
  }

  /// The nearest whole numbers, the even one of two. A sum with 2^23 has no room for a fraction; from there on there is none. Signs
  /// stay, a NaN stays.
  ///
  /// A function of its own: within the one of all functions the compiler makes loops over lanes of it where it compiles for size.
  @_optimize(speed)
  @inline(never)
  private static func round(_ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ count: Int) {
    map(source, result, count) { x in
      let sign = unsafeBitCast(x, to: ElementBits.self) & 0x8000_0000
      let large = unsafeBitCast(sign | 0x4b00_0000, to: ElementVector.self)
      let whole = unsafeBitCast((x + large) - large, to: ElementBits.self) | sign
      return x.replacing(with: unsafeBitCast(whole, to: ElementVector.self), where: absolute(x) .< absolute(large))
    }
  }

  /// The magnitude.
  @inline(__always)
  private static func absolute(_ x: ElementVector) -> ElementVector {
    unsafeBitCast(unsafeBitCast(x, to: ElementBits.self) & 0x7fff_ffff, to: ElementVector.self)
  }
}
