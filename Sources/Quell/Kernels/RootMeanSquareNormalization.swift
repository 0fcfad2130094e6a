import CQuell

/// Root mean square normalisation [Zhang and Sennrich, arXiv 1910.07467] of one vector.
enum RootMeanSquareNormalization {
  /// result = source / sqrt(mean of squares + epsilon) * gain + bias.
  ///
  /// The squares are summed in double precision: the vector may be long, and a few of its elements far larger than the others.
  @_optimize(speed)
  static func run(
    _ source: UnsafePointer<Float>, gain: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ result: UnsafeMutablePointer<Float>, count: Int, _ kernels: UnsafePointer<quell_kernels>?
  ) {
    let squares = doublePrecisionSum(source, count: count) { $0 * $0 }
    var scale = Float(1 / (squares / Double(count) + Double(epsilon)).squareRoot())
    Elementwise.binary(.multiply, source, leftStep: 1, &scale, rightStep: 0, result, count: count, kernels)
    Elementwise.addAfterMultiplying(result, by: gain, bias, count: count, kernels)
  }
}
