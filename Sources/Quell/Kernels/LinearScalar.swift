/// The same linear operations for processors that have no vector registers: number by number, in the same order, and so with the same
/// bits. The loops are short: where flash is small, what a vector of eight would be written out to is not.
enum LinearScalar {
  /// How many rows one pass over the result adds: their addresses should stay in registers.
  private static let group = 4

  /// As ``LinearInputMajor/add(_:_:stride:outputs:_:_:events:to:)``.
  @inline(__always)
  static func addRows<Element: WeightElement>(
    _: Element.Type, _ matrix: UnsafeRawPointer, stride: Int, outputs: Int, _ indices: UnsafePointer<UInt32>,
    _ values: UnsafePointer<Float>, events: Int, to result: UnsafeMutablePointer<Float>
  ) {
    if Element.addWholeRows(matrix, stride: stride, outputs: outputs, indices, values, events: events, to: result) { return }
    func row(_ event: Int) -> UnsafeRawPointer { matrix + Int(indices[event]) &* stride }
    var event = 0
    while event &+ group <= events {
      let (row0, row1, row2, row3) = (row(event), row(event &+ 1), row(event &+ 2), row(event &+ 3))
      let (value0, value1, value2, value3) = (values[event], values[event &+ 1], values[event &+ 2], values[event &+ 3])
      for output in 0..<outputs {
        var sum = result[output] + Element.load(row0, output) * value0
        sum += Element.load(row1, output) * value1
        sum += Element.load(row2, output) * value2
        result[output] = sum + Element.load(row3, output) * value3
      }
      event &+= group
    }
    while event < events {
      let (row, value) = (row(event), values[event])
      for output in 0..<outputs { result[output] += Element.load(row, output) * value }
      event &+= 1
    }
  }

  /// The sum of products of a row and a vector, added up as ``LinearOutputMajor/dot(_:_:_:count:)`` does: each of its lanes by itself.
  @inline(__always)
  static func dot<Element: WeightElement>(
    _: Element.Type, _ row: UnsafeRawPointer, _ vector: UnsafePointer<Float>, count: Int
  ) -> Float {
    func product(_ index: Int) -> Float { Element.load(row, index) * vector[index] }
    let (wholeBlocks, wholeEights) = (count & ~31, count & ~7)
    var total: Float = 0
    for lane in 0..<8 {
      var sum0: Float = 0
      var sum1: Float = 0
      var sum2: Float = 0
      var sum3: Float = 0
      var index = lane
      while index < wholeBlocks {
        sum0 += product(index)
        sum1 += product(index &+ 8)
        sum2 += product(index &+ 16)
        sum3 += product(index &+ 24)
        index &+= 32
      }
      while index < wholeEights {
        sum0 += product(index)
        index &+= 8
      }
      total += (sum0 + sum1) + (sum2 + sum3)
    }
    for index in wholeEights..<count { total += product(index) }
    return total
  }
}
