/// Sine and cosine without a mathematics library, for rotary positions: the same bits on every machine.
///
/// x = n · pi / 2 + r with |r| <= pi / 4: the reduction is done in double precision with pi / 2 in two parts (Cody and Waite, Software
/// Manual for the Elementary Functions, 1980), of which the first has so few bits that its product with n is exact. Sine and
/// cosine of r are Taylor's polynomials. The error is at most 1 unit in the last place for all |x| up to 2^28. Beyond that, where
/// neighbouring numbers are further apart than a period, x counts as 2^28. Infinity counts likewise; a NaN stays one.
@inline(__always)
func sine(_ x: Float) -> Float { wave(x, quarters: 0) }

/// See ``sine(_:)``.
@inline(__always)
func cosine(_ x: Float) -> Float { wave(x, quarters: 1) }

/// The sine of x and a number of quarter turns.
@inline(__always)
private func wave(_ x: Float, quarters: Int64) -> Float {
  let limit: Float = 268_435_456
  let angle = Double(x < -limit ? -limit : x > limit ? limit : x)
  // 1.5 * 2^52: a sum with it is rounded to an integer, which stands in the low bits.
  let magic = 6_755_399_441_055_744.0
  let shifted = angle * 0.636_619_772_367_581_343 + magic
  let n = shifted - magic
  // The first part of pi / 2 has 25 bits.
  let r = (angle - n * 1.570_796_310_901_641_845_7) - n * 1.589_325_477_352_819_669_16e-8
  let turn = Int64(bitPattern: shifted.bitPattern) &+ quarters
  let square = r * r
  let value = turn & 1 == 0 ? oddWave(r, square) : evenWave(square)
  return Float(turn & 2 == 0 ? value : -value)
}

/// The sine within an eighth of a turn.
@inline(__always)
private func oddWave(_ r: Double, _ square: Double) -> Double {
  var p = 1.0 / 362_880
  p = p * square - 1.0 / 5040
  p = p * square + 1.0 / 120
  p = p * square - 1.0 / 6
  return r + r * square * p
}

/// The cosine within an eighth of a turn, of the square of the angle.
@inline(__always)
private func evenWave(_ square: Double) -> Double {
  var p = -1.0 / 3_628_800
  p = p * square + 1.0 / 40320
  p = p * square - 1.0 / 720
  p = p * square + 1.0 / 24
  p = p * square - 0.5
  return 1 + square * p
}
