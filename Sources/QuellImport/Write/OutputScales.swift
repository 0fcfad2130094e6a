import CConversion
import Synchronization

/// The scale of each output of a matrix of whole numbers: what its greatest magnitude is, divided by 127.
///
/// Narrower scales, which cut off the greatest weights to be finer for all others, were measured: the best of twenty for each
/// output takes 1.4 % off the squared error, which is not worth twenty passes over the weights.
final class OutputScales {
  /// What is scaled together.
  enum Axis {
    /// Each row: the matrix is a table, or its rows are outputs.
    case rows
    /// Each column: the rows are inputs.
    case columns
  }

  let axis: Axis
  /// One for each output.
  private(set) var numbers: [Float]
  /// By what weights are multiplied; nil where they are whole numbers already.
  private(set) var factors: [Float]?

  /// Scales to be measured.
  init(axis: Axis, count: Int) {
    self.axis = axis
    numbers = [Float](repeating: 0, count: count)
    factors = numbers
  }

  /// Known scales, of weights that are whole numbers.
  init(axis: Axis, numbers: [Float]) {
    self.axis = axis
    self.numbers = numbers
  }

  /// Measures the scales of weights that stand side by side, unless they are known.
  func measure(_ weights: [Weight], named name: String, _ workers: Workers) throws(ImportFailure) {
    guard factors != nil else { return }
    let greatest = Mutex([UInt32](repeating: 0, count: numbers.count))
    var start = 0
    for weight in weights {
      if axis == .columns, let known = weight.knownGreatestOfColumns {
        greatest.withLock { $0.replaceSubrange(start..<(start + known.count), with: known) }
        start += known.count
        continue
      }
      // A transposed matrix is measured as it lies, its rows being the other's columns.
      let isTurned = weight.isTransposed
      let matrix = isTurned ? weight.transposed : weight
      let isByRow = (axis == .rows) != isTurned
      let bands = MatrixBands(rows: matrix.rowCount, columns: matrix.columnCount)
      try workers.perform(0..<bands.count) { memory, band throws(ImportFailure) in
        let rows = bands.rows(of: band)
        let found = try matrix.greatest(rows, isByRow: isByRow, memory)
        let first = (isByRow ? rows.lowerBound : 0) + start
        greatest.withLock { greatest in
          for (place, bits) in found.enumerated() { greatest[first + place] = max(greatest[first + place], bits) }
        }
      }
      if axis == .columns { start += weight.columnCount }
    }
    try set(greatest.withLock { $0 }, of: name)
  }

  /// Sets the scales by the greatest magnitude of each output, as bits.
  func set(_ greatest: [UInt32], of name: String) throws(ImportFailure) {
    guard let most = greatest.max() else { return }
    guard Float(bitPattern: most).isFinite else {
      throw .unsupported("Tensor \"\(name)\" holds numbers that are not finite, so the model cannot run.")
    }
    for (output, bits) in greatest.enumerated() {
      let factor = OutputScales.factor(bits)
      numbers[output] = factor == 0 ? 0 : Float(bitPattern: bits) / 127
      factors?[output] = factor
    }
  }

  /// By what weights are multiplied whose greatest magnitude has these bits: where all are zero, or too small to be told from it,
  /// zero, which is then the scale too.
  static func factor(_ greatest: UInt32) -> Float {
    let factor = 127 / Float(bitPattern: greatest)
    return factor.isFinite ? factor : 0
  }
}

extension Weight {
  /// Whether columns, not rows, lie together.
  fileprivate var isTransposed: Bool { shape.count == 2 && layout.strides[0] == 1 && layout.strides[1] != 1 }

  /// The bits of the greatest magnitude of each row, or of each column, within some rows.
  func greatest(_ rows: Range<Int>, isByRow: Bool, _ memory: Workers.Memory) throws(ImportFailure) -> [UInt32] {
    var found = [UInt32](repeating: 0, count: isByRow ? rows.count : columnCount)
    try forEachTile(rows: rows, memory) { tile throws(ImportFailure) in
      found.withUnsafeMutableBufferPointer { found in
        for row in 0..<tile.rows {
          let place = isByRow ? tile.row - rows.lowerBound + row : tile.column
          if isByRow {
            found[place] = conversion_greatest(tile.line(row), tile.columns, found[place])
          } else {
            conversion_greatest_each(tile.line(row), found.baseAddress! + place, tile.columns)
          }
        }
      }
    }
    return found
  }
}
