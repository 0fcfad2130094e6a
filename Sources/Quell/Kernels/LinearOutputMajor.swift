/// A linear operation over a matrix that has one contiguous row per output.
enum LinearOutputMajor {
  /// result[o] += matrix[o] · vector, the dense form of the events.
  ///
  /// Every row is read whole: this layout is for inputs that are seldom quiet. Four sums of eight lanes hide the latency of
  /// the additions; they are added up in a fixed order.
  @inline(__always)
  static func add<Element: WeightElement>(
    _: Element.Type, _ matrix: UnsafeRawPointer, outputs: Int, _ vector: UnsafePointer<Float>, inputs: Int,
    to result: UnsafeMutablePointer<Float>
  ) {
    if !ElementVector.areRegisters, Element.multiplyWholeRows(matrix, outputs: outputs, vector, inputs: inputs, to: result) { return }
    let rowBytes = Element.bytes(inputs)
    for output in 0..<outputs { result[output] += dot(Element.self, matrix + output &* rowBytes, vector, count: inputs) }
  }

  /// The sum of products of a row and a vector.
  @inline(__always)
  static func dot<Element: WeightElement>(
    _: Element.Type, _ row: UnsafeRawPointer, _ vector: UnsafePointer<Float>, count: Int
  ) -> Float {
    guard ElementVector.areRegisters else { return LinearScalar.dot(Element.self, row, vector, count: count) }
    @inline(__always) func product(_ index: Int) -> SIMD8<Float> {
      Element.load8(row, index) * UnsafeRawPointer(vector + index).loadUnaligned(as: SIMD8<Float>.self)
    }
    var sum0 = SIMD8<Float>()
    var sum1 = SIMD8<Float>()
    var sum2 = SIMD8<Float>()
    var sum3 = SIMD8<Float>()
    var index = 0
    while index &+ 32 <= count {
      sum0 += product(index)
      sum1 += product(index &+ 8)
      sum2 += product(index &+ 16)
      sum3 += product(index &+ 24)
      index &+= 32
    }
    while index &+ 8 <= count {
      sum0 += product(index)
      index &+= 8
    }
    let lanes = (sum0 + sum1) + (sum2 + sum3)
    var total: Float = 0
    for lane in 0..<8 { total += lanes[lane] }
    while index < count {
      total += Element.load(row, index) * vector[index]
      index &+= 1
    }
    return total
  }
}
