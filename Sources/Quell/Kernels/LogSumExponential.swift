/// The logarithm of a sum of exponentials: what a softmax divides by, as a logarithm.
enum LogSumExponential {
  /// Numbers whose exponentials are added up in single precision, before the sum goes on in double: so many more than the lanes that
  /// adding these costs little, so few that rounding does not show.
  private static let block = 512

  /// ln of the sum of e^x over all x; `greatest` is the greatest of them. A NaN among them makes the result one.
  static func run(_ source: UnsafeBufferPointer<Float>, greatest: Float) -> Float {
    var total = 0.0
    var first = 0
    while first < source.count {
      let end = min(first + block, source.count)
      total += Double(sum(source, first..<end, less: greatest))
      first = end
    }
    return greatest + logarithm(Float(total))
  }

  @_optimize(speed)
  private static func sum(_ source: UnsafeBufferPointer<Float>, _ part: Range<Int>, less greatest: Float) -> Float {
    var sums = SIMD8<Float>(repeating: 0)
    var index = part.lowerBound
    while index &+ 8 <= part.upperBound {
      let some = UnsafeRawPointer(source.baseAddress! + index).loadUnaligned(as: SIMD8<Float>.self)
      sums += exponential(some - greatest)
      index &+= 8
    }
    var sum: Float = 0
    for lane in 0..<8 { sum += sums[lane] }
    while index < part.upperBound {
      sum += exponential(source[index] - greatest)
      index &+= 1
    }
    return sum
  }
}
