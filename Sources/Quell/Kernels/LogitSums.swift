/// Sums over the logits of one token, of which losses and divergences are made.
package enum LogitSums {
  /// Numbers that are added up in single precision before the sum goes on in double.
  private static let block = 512

  /// ln of the sum of e^x over all logits x, of which `greatest` is the greatest: what a softmax divides by, as a logarithm. A NaN among
  /// them makes it one.
  static func logarithmOfExponentials(_ logits: UnsafeBufferPointer<Float>, greatest: Float) -> Float {
    greatest + logarithm(Float(exponentials(logits, greatest: greatest)))
  }

  /// The greatest of the logits; a NaN wins.
  package static func greatest(_ logits: UnsafeBufferPointer<Float>) -> Float {
    var greatest: Float = 0
    Reduction.maximum.run(logits.baseAddress!, length: logits.count, inner: 1, &greatest, count: 1, nil)
    return greatest
  }

  /// The sum of e^(x - greatest) over all logits x.
  @_optimize(speed)
  package static func exponentials(_ logits: UnsafeBufferPointer<Float>, greatest: Float) -> Double {
    sum(logits.count) { index, count in exponential(eight(logits, index, count) - greatest) }
  }

  /// The sum of e^r (r - x), r being the logarithm of a probability that another model gives and x the logit of this one.
  package static func divergence(_ reference: UnsafeBufferPointer<Float>, _ logits: UnsafeBufferPointer<Float>) -> Double {
    sum(logits.count) { index, count in
      let probability = eight(reference, index, count)
      return exponential(probability) * (probability - eight(logits, index, count))
    }
  }

  /// Eight numbers from a place on, or fewer and zeros.
  @inline(__always)
  private static func eight(_ source: UnsafeBufferPointer<Float>, _ index: Int, _ count: Int) -> SIMD8<Float> {
    if count == 8 { return UnsafeRawPointer(source.baseAddress! + index).loadUnaligned(as: SIMD8<Float>.self) }
    var numbers = SIMD8<Float>()
    for lane in 0..<count { numbers[lane] = source[index + lane] }
    return numbers
  }

  /// Adds up eight terms at a time; of the last ones only as many as there are.
  @inline(__always)
  private static func sum(_ count: Int, _ terms: (_ index: Int, _ count: Int) -> SIMD8<Float>) -> Double {
    var total = 0.0
    var first = 0
    while first < count {
      let end = min(first + block, count)
      var sums = SIMD8<Float>()
      var index = first
      while index &+ 8 <= end {
        sums += terms(index, 8)
        index &+= 8
      }
      if index < end {
        let last = terms(index, end &- index)
        for lane in 0..<end &- index { sums[lane] += last[lane] }
      }
      total += Double(sums.sum())
      first = end
    }
    return total
  }
}
