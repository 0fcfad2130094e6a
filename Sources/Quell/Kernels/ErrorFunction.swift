/// The error function, 2 / sqrt(pi) times the integral of e^(-t * t) from 0 to x, without a mathematics library.
///
/// Up to 1 an odd polynomial, further out 1 - e^p with p a polynomial close to the logarithm of the complement, both fitted at
/// Chebyshev's points; from 4 on it is 1 to the last place. The error is at most 4 units in the last place; a NaN stays one.
@inline(__always)
func errorFunction(_ x: Float) -> Float {
  let magnitude = abs(x)
  if magnitude < 1 {
    let square = x * x
    var p: Float = -9.673_591e-06
    p = p * square + 0.000_112_682_54
    p = p * square - 0.000_848_439_64
    p = p * square + 0.005_221_053_5
    p = p * square - 0.026_865_438
    p = p * square + 0.112_837_83
    p = p * square - 0.376_126_38
    // 2 / sqrt(pi) less 1: the greater part of the result is x itself, without an error.
    p = p * square + 0.128_379_167
    return x + x * p
  }
  let t = magnitude < 4 ? magnitude : magnitude >= 4 ? 4 : magnitude
  var p: Float = -1.330_939_1e-05
  p = p * t + 0.000_317_572_03
  p = p * t - 0.003_436_867_6
  p = p * t + 0.022_621_986
  p = p * t - 0.103_318_98
  p = p * t - 0.639_093_34
  p = p * t - 1.125_925_9
  p = p * t - 0.000_756_968_6
  let value = 1 - exponential(p)
  return x < 0 ? -value : value
}
