import CQuell

/// Layer normalisation [Ba, Kiros and Hinton, arXiv 1607.06450] of one vector.
enum LayerNormalization {
  /// result = (source - mean) / sqrt(variance + epsilon) * gain + bias.
  ///
  /// Mean and variance are summed in double precision: the vector may be long, and its mean far from zero.
  @_optimize(speed)
  static func run(
    _ source: UnsafePointer<Float>, gain: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ result: UnsafeMutablePointer<Float>, count: Int, _ kernels: UnsafePointer<quell_kernels>?
  ) {
    let mean = doublePrecisionSum(source, count: count) { $0 } / Double(count)
    let squares = doublePrecisionSum(source, count: count) { ($0 - mean) * ($0 - mean) }
    var scale = Float(1 / (squares / Double(count) + Double(epsilon)).squareRoot())
    var center = Float(mean)
    Elementwise.binary(.subtract, source, leftStep: 1, &center, rightStep: 0, result, count: count, kernels)
    Elementwise.binary(.multiply, result, leftStep: 1, &scale, rightStep: 0, result, count: count, kernels)
    Elementwise.addAfterMultiplying(result, by: gain, bias, count: count, kernels)
  }
}
