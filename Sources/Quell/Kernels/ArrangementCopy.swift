extension Arrangement {
  /// Puts `count` elements of the source, in this order, into the result.
  @_optimize(speed)
  func copy(_ source: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>, count: Int) {
    var block = source
    var row = result
    let end = result + count
    while row < end {
      for index in 0..<rows {
        copyRow(block + index &* rowStep, to: row)
        row += columns
      }
      if row < end { block += blockStep }
    }
  }

  @inline(__always)
  private func copyRow(_ source: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>) {
    switch columnStep {
    case 0: result.update(repeating: source[0], count: columns)
    case 1: result.update(from: source, count: columns)
    default: for index in 0..<columns { result[index] = source[index &* columnStep] }
    }
  }
}
