/// Layer normalisation [Ba, Kiros and Hinton, arXiv 1607.06450] of one vector.
enum LayerNormalization {
  /// result = (source - mean) / sqrt(variance + epsilon) * gain + bias.
  ///
  /// Mean and variance are summed in double precision: the vector may be long, and its mean far from zero.
  @_optimize(speed)
  static func run(
    _ source: UnsafePointer<Float>, gain: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ result: UnsafeMutablePointer<Float>, count: Int
  ) {
    let mean = doublePrecisionSum(source, count: count) { $0 } / Double(count)
    let squares = doublePrecisionSum(source, count: count) { ($0 - mean) * ($0 - mean) }
    let scale = Float(1 / (squares / Double(count) + Double(epsilon)).squareRoot())
    let center = Float(mean)
    for index in 0..<count {
      var normalized = (source[index] - center) * scale
      if let gain { normalized *= gain[index] }
      if let bias { normalized += bias[index] }
      result[index] = normalized
    }
  }
}
