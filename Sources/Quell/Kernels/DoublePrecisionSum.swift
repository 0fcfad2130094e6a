/// The sum of a function of each number of a vector, in double precision.
///
/// In eight parts, every eighth number, which are added up at the end in a fixed order: one sum alone would wait for each addition.
@inline(__always)
func doublePrecisionSum(_ source: UnsafePointer<Float>, count: Int, _ term: (SIMD2<Double>) -> SIMD2<Double>) -> Double {
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
