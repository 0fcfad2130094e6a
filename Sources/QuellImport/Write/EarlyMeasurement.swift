import CConversion
import Dispatch

/// Measures stored matrices while the graph is still being worked on, which leaves cores idle: the greatest magnitude of each
/// column, by which 8-bit integers are scaled. Nobody waits for it; what has not been measured when the weights' turn comes is
/// measured then.
final class EarlyMeasurement: Sendable {
  /// Bytes between looks at whether to go on.
  private static let band = 1 << 20

  private let stop = StopRequest()

  deinit { stop.make() }

  /// Begins with matrices whose rows are inputs, in this order; ends with them, or when ``EarlyMeasurement`` goes away.
  func begin(_ matrices: [Weight]) {
    let matrices = matrices.filter { $0.isWholePlainMatrix }
    guard !matrices.isEmpty else { return }
    DispatchQueue.global().async { [stop] in
      for matrix in matrices {
        var found = [UInt32](repeating: 0, count: matrix.columnCount)
        let rows = max(EarlyMeasurement.band / 4 / matrix.columnCount, 1)
        for row in 0..<matrix.rowCount {
          if row % rows == 0, stop.isMade { return }
          conversion_greatest_each(matrix.source.start + row * matrix.columnCount * 4, &found, matrix.columnCount)
        }
        matrix.source.greatestOfColumns.withLock { $0 = found }
      }
    }
  }
}

extension Weight {
  /// Whether it is all of a matrix that is stored row by row in single precision.
  fileprivate var isWholePlainMatrix: Bool {
    shape.count == 2 && count > 0 && source.isPlainFloat && layout.isContiguous && layout.offset == 0 && count == source.count
  }

  /// The bits of the greatest magnitude of each column, where they are known already.
  var knownGreatestOfColumns: [UInt32]? {
    guard isWholePlainMatrix, let bits = source.greatestOfColumns.withLock({ $0 }), bits.count == columnCount else { return nil }
    return bits
  }
}
