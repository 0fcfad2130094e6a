import CConversion

/// A part of a matrix, its numbers in single precision, row by row.
struct MatrixTile {
  /// The tiles that a transposed matrix is read in: as it was read and in order, two of them fit into the nearest cache. Rows are
  /// neighbours in the source, so there are more of them.
  static let height = 128
  static let width = 64

  /// The first row and column in the matrix.
  var row: Int
  var column: Int
  /// How many there are.
  var rows: Int
  var columns: Int
  /// The first number, without alignment, and the distance in floats of one row's from the next one's.
  var numbers: UnsafeRawPointer
  var pitch: Int

  /// Where the numbers of a row begin, counted from the first row of the tile.
  func line(_ row: Int) -> UnsafeRawPointer { numbers + row * pitch * 4 }
}

extension Weight {
  /// Rows of the matrix; a vector is one row.
  var rowCount: Int { shape.count > 1 ? shape[0] : 1 }
  /// Columns of the matrix.
  var columnCount: Int { shape.last ?? 1 }

  private var across: Int { layout.strides.last ?? 1 }
  private var down: Int { shape.count > 1 ? layout.strides[0] : 0 }
  private var isPlain: Bool { source.isPlainFloat }

  /// Reads some rows of the matrix tile by tile, in an order that suits the place of its numbers in memory.
  func forEachTile(
    rows: Range<Int>, _ memory: Workers.Memory, _ body: (MatrixTile) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    var (height, width) = (MatrixTile.height, MatrixTile.width)
    if across == 1 { (height, width) = isPlain ? (rows.count, columnCount) : (1, memory.tile.count) }
    for column in stride(from: 0, to: columnCount, by: max(width, 1)) {
      for row in stride(from: rows.lowerBound, to: rows.upperBound, by: height) {
        try body(tile(row..<min(row + height, rows.upperBound), column..<min(column + width, columnCount), memory))
      }
    }
  }

  /// Reads a part of the matrix: a tile at most, or a part of a row, or any part where single-precision rows lie in the source.
  func tile(_ rows: Range<Int>, _ columns: Range<Int>, _ memory: Workers.Memory) -> MatrixTile {
    let place = layout.offset + rows.lowerBound * down + columns.lowerBound * across
    var tile = MatrixTile(
      row: rows.lowerBound, column: columns.lowerBound, rows: rows.count, columns: columns.count,
      numbers: UnsafeRawPointer(memory.tile.baseAddress!), pitch: columns.count)
    if across == 1, isPlain {
      tile.numbers = source.start + place * 4
      tile.pitch = down
    } else if across == 1 {
      for row in 0..<rows.count {
        let line = UnsafeMutableBufferPointer(rebasing: memory.tile[(row * columns.count)..<((row + 1) * columns.count)])
        source.read(from: place + row * down, by: 1, into: line, by: 1, count: columns.count)
      }
    } else {
      let turned = memory.tile.baseAddress! + MatrixTile.height * MatrixTile.width
      if down == 1, isPlain {
        conversion_transpose(source.start + place * 4, across, memory.tile.baseAddress!, columns.count, columns.count, rows.count)
      } else {
        for column in 0..<columns.count {
          let line = UnsafeMutableBufferPointer(start: turned + column * rows.count, count: rows.count)
          source.read(from: place + column * across, by: down, into: line, by: 1, count: rows.count)
        }
        conversion_transpose(turned, rows.count, memory.tile.baseAddress!, columns.count, columns.count, rows.count)
      }
    }
    return tile
  }
}
