/// The sum of a function of each number of a vector, in double precision.
///
/// In four parts, every fourth number, which are added up at the end in a fixed order: one sum alone would wait for each addition.
@inline(__always)
func doublePrecisionSum(_ source: UnsafePointer<Float>, count: Int, _ term: (Double) -> Double) -> Double {
  var (first, second, third, fourth) = (0.0, 0.0, 0.0, 0.0)
  var index = 0
  while index &+ 4 <= count {
    first += term(Double(source[index]))
    second += term(Double(source[index &+ 1]))
    third += term(Double(source[index &+ 2]))
    fourth += term(Double(source[index &+ 3]))
    index &+= 4
  }
  while index < count {
    first += term(Double(source[index]))
    index &+= 1
  }
  return (first + second) + (third + fourth)
}
