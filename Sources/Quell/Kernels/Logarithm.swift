/// The natural logarithm without a mathematics library: the same bits on every machine.
///
/// x = 2^n · m with m between sqrt(1/2) and sqrt(2), and ln m is the series of the inverse hyperbolic tangent of (m - 1) / (m + 1).
/// The error is at most 2 units in the last place. The logarithm of zero is minus infinity, of a negative number NaN; a NaN stays one.
@inline(__always)
func logarithm(_ x: Float) -> Float {
  guard x > 0 else { return x == 0 ? -.infinity : .nan }
  guard x < .infinity else { return x }
  // Subnormal numbers are scaled by 2^24 first.
  let isSmall = x < .leastNormalMagnitude
  let bits = (isSmall ? x * 16_777_216 : x).bitPattern
  // Subtracting the bits of sqrt(1/2) leaves n in the exponent's place.
  let exponent = Int32(bitPattern: bits &- 0x3f35_04f3) &>> 23
  let m = Float(bitPattern: bits &- UInt32(bitPattern: exponent &<< 23))
  let n = Float(isSmall ? exponent &- 24 : exponent)
  let f = m - 1
  let s = f / (2 + f)
  let z = s * s
  var p: Float = 2.0 / 9
  p = p * z + 2.0 / 7
  p = p * z + 2.0 / 5
  p = p * z + 2.0 / 3
  // ln 2 in two parts, of which the first times n is exact.
  let near = f - s * (f - z * p)
  return n * 0.693_359_375 + (n * -2.121_944_4e-4 + near)
}
