/// The exponential function without a mathematics library: the same bits on every machine.
///
/// e^x = 2^n · e^r with n = round(x / ln 2) and |r| <= ln 2 / 2: the argument is reduced with ln 2 in two parts (Cody and Waite,
/// Software Manual for the Elementary Functions, 1980) and e^r is a polynomial of degree 7, Taylor's, whose remainder there
/// is below 2^-27. The error is at most 2 units in the last place; below -87.3 the result goes to zero through the subnormals,
/// above 88.7 it is infinite; a NaN stays one.
@inline(__always)
func exponential(_ x: ElementVector) -> ElementVector {
  // Beyond these the result is zero or infinite anyway, and n stays small. A NaN passes through.
  let notTooSmall = x.replacing(with: -104, where: x .< -104)
  let bounded = notTooSmall.replacing(with: 89, where: notTooSmall .> 89)
  // 1.5 * 2^23: a sum with it is rounded to an integer, which stands in the low bits.
  let magic: Float = 12_582_912
  let shifted = bounded * 1.442_695_04 + magic
  let n = shifted - magic
  let high = bounded - n * 0.693_359_375
  let r = high - n * -2.121_944_4e-4
  // In pairs of terms: the result is what a loop waits for, and so there is less to wait for.
  let square = r * r
  let sixth = r * (1.0 / 5040) + 1.0 / 720
  let fourth = r * (1.0 / 120) + 1.0 / 24
  let second = r * (1.0 / 6) + 0.5
  let p = ((sixth * square + fourth) * square + second) * square + r + 1
  let exponent = unsafeBitCast(unsafeBitCast(shifted, to: ElementBits.self) &- magic.bitPattern, to: ElementIntegers.self)
  // Two factors, so that a subnormal result is rounded once and 2^128 can be passed.
  let half = exponent &>> 1
  return p * powerOfTwo(half) * powerOfTwo(exponent &- half)
}

/// The exponential of one number; the compiler leaves nothing of the other lanes.
@inline(__always)
func exponential(_ x: Float) -> Float { exponential(ElementVector(repeating: x))[0] }

/// 2^n for n from -126 to 127.
@inline(__always)
private func powerOfTwo(_ n: ElementIntegers) -> ElementVector { unsafeBitCast((n &+ 127) &<< 23, to: ElementVector.self) }

/// 1 / (1 + e^-x).
@inline(__always)
func sigmoid(_ x: ElementVector) -> ElementVector { 1 / (1 + exponential(-x)) }
