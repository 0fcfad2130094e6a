import CConversion

/// A part of a matrix, its numbers in single precision, row by row.
struct MatrixTile {
  /// Rows and columns of the squares that a transposed matrix is read in: two of them fit into the nearest cache.
  static let side = 64

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

  /// Reads some rows of the matrix tile by tile, in the order in which its source lies in memory.
  func forEachTile(
    rows: Range<Int>, _ memory: Workers.Memory, _ body: (MatrixTile) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    let across = layout.strides.last ?? 1
    let down = shape.count > 1 ? layout.strides[0] : 0
    let start = layout.offset + rows.lowerBound * down
    let columns = columnCount
    if across == 1, source.isPlainFloat {
      let numbers = source.start + start * 4
      try body(MatrixTile(row: rows.lowerBound, column: 0, rows: rows.count, columns: columns, numbers: numbers, pitch: down))
    } else if across == 1 {
      let line = memory.tile
      for row in 0..<rows.count {
        for column in stride(from: 0, to: columns, by: line.count) {
          let count = min(line.count, columns - column)
          source.read(from: start + row * down + column, by: 1, into: line, by: 1, count: count)
          try body(
            MatrixTile(
              row: rows.lowerBound + row, column: column, rows: 1, columns: count, numbers: UnsafeRawPointer(line.baseAddress!), pitch: 0))
        }
      }
    } else {
      let side = MatrixTile.side
      let (turned, straight) = (memory.tile.baseAddress!, memory.tile.baseAddress! + side * side)
      for column in stride(from: 0, to: columns, by: side) {
        let width = min(side, columns - column)
        for row in stride(from: 0, to: rows.count, by: side) {
          let height = min(side, rows.count - row)
          let place = start + row * down + column * across
          if down == 1, source.isPlainFloat {
            conversion_transpose(source.start + place * 4, across, straight, side, width, height)
          } else {
            for line in 0..<width {
              let numbers = UnsafeMutableBufferPointer(start: turned + line * side, count: height)
              source.read(from: place + line * across, by: down, into: numbers, by: 1, count: height)
            }
            conversion_transpose(turned, side, straight, side, width, height)
          }
          try body(
            MatrixTile(
              row: rows.lowerBound + row, column: column, rows: height, columns: width, numbers: UnsafeRawPointer(straight), pitch: side))
        }
      }
    }
  }
}
