/// The hyperbolic tangent without a mathematics library: the same bits on every machine.
///
/// Near zero an odd polynomial, fitted at Chebyshev's points, keeps all digits; further out it is 1 - 2 / (e^2x + 1). The error is at
/// most 2 units in the last place; a NaN stays one.
@inline(__always)
func hyperbolicTangent(_ x: Float) -> Float {
  let magnitude = abs(x)
  if magnitude < 0.625 {
    let square = x * x
    var p: Float = 0.002_295_839_8
    p = p * square - 0.008_346_979
    p = p * square + 0.021_769_96
    p = p * square - 0.053_959_407
    p = p * square + 0.133_333_04
    p = p * square - 0.333_333_34
    return x + x * square * p
  }
  let value = 1 - 2 / (exponential(2 * magnitude) + 1)
  return x < 0 ? -value : value
}
