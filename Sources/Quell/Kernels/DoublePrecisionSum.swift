/// The sum of a function of each number of a vector, in double precision.
///
/// In eight parts, every eighth number, which are added up at the end in a fixed order: one sum alone would wait for each addition.
@inline(__always)
func doublePrecisionSum(_ source: UnsafePointer<Float>, count: Int, _ term: (SIMD2<Double>) -> SIMD2<Double>) -> Double {
  guard ElementVector.areRegisters else { return partByPart(source, count: count, term) }
  var (first, second, third, fourth) = (SIMD2<Double>(), SIMD2<Double>(), SIMD2<Double>(), SIMD2<Double>())
  var index = 0
  while index &+ 8 <= count {
    let numbers = source + index
    first += term(SIMD2(Double(numbers[0]), Double(numbers[1])))
    second += term(SIMD2(Double(numbers[2]), Double(numbers[3])))
    third += term(SIMD2(Double(numbers[4]), Double(numbers[5])))
    fourth += term(SIMD2(Double(numbers[6]), Double(numbers[7])))
    index &+= 8
  }
  while index < count {
    first[0] += term(SIMD2(repeating: Double(source[index])))[0]
    index &+= 1
  }
  let sums = (first + second) + (third + fourth)
  return sums[0] + sums[1]
}

/// The same for processors without vector registers: one part after the other, and so with the same bits.
@inline(__always)
private func partByPart(_ source: UnsafePointer<Float>, count: Int, _ term: (SIMD2<Double>) -> SIMD2<Double>) -> Double {
  let wholeEights = count & ~7
  var sums = SIMD8<Double>()
  for part in 0..<8 {
    var (index, sum) = (part, 0.0)
    // What follows the last eight numbers belongs to the first part.
    let end = part == 0 ? count : wholeEights
    while index < end {
      sum += term(SIMD2(repeating: Double(source[index])))[0]
      index &+= index < wholeEights ? 8 : 1
    }
    sums[part] = sum
  }
  return ((sums[0] + sums[2]) + (sums[4] + sums[6])) + ((sums[1] + sums[3]) + (sums[5] + sums[7]))
}
