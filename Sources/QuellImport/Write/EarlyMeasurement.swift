import CConversion
import Dispatch
import Synchronization

/// Measures stored matrices while the graph is still being worked on, which leaves cores idle: the greatest magnitude of each
/// column, by which 8-bit integers are scaled. Nobody waits for it; what has not been measured when the weights' turn comes is
/// measured then.
final class EarlyMeasurement: Sendable {
  /// Bytes between looks at whether to go on.
  private static let band = 1 << 20

  private let stop = Stop()

  deinit { stop.isRequested.store(true, ordering: .relaxed) }

  /// Begins with matrices whose rows are inputs, in this order; ends with them, or when ``EarlyMeasurement`` goes away.
  func begin(_ matrices: [Weight]) {
    let matrices = matrices.filter { $0.isWholePlainMatrix }
    guard !matrices.isEmpty else { return }
    DispatchQueue.global().async { [stop] in
      for matrix in matrices where !matrix.source.greatestOfColumns.isKnown {
        var found = [UInt32](repeating: 0, count: matrix.columnCount)
        let rows = max(EarlyMeasurement.band / 4 / matrix.columnCount, 1)
        for row in 0..<matrix.rowCount {
          if row % rows == 0, stop.isRequested.load(ordering: .relaxed) { return }
          conversion_greatest_each(matrix.source.start + row * matrix.columnCount * 4, &found, matrix.columnCount)
        }
        matrix.source.greatestOfColumns.set(found)
      }
    }
  }

  private final class Stop: Sendable {
    let isRequested = Atomic(false)
  }
}

/// The bits of the greatest magnitude of each column of a stored matrix, once they are known.
final class ColumnMagnitudes: Sendable {
  private let found = Mutex<[UInt32]?>(nil)

  var isKnown: Bool { found.withLock { $0 != nil } }

  func set(_ bits: [UInt32]) { found.withLock { $0 = bits } }

  fileprivate var bits: [UInt32]? { found.withLock { $0 } }
}

extension Weight {
  /// Whether it is all of a matrix that is stored row by row in single precision.
  fileprivate var isWholePlainMatrix: Bool {
    shape.count == 2 && count > 0 && source.isPlainFloat && layout.isContiguous && layout.offset == 0 && count == source.count
  }

  /// The bits of the greatest magnitude of each column, where they are known already.
  var knownGreatestOfColumns: [UInt32]? {
    guard isWholePlainMatrix, let bits = source.greatestOfColumns.bits, bits.count == columnCount else { return nil }
    return bits
  }
}
