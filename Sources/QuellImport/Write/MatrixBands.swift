/// A matrix in bands of rows, each enough work for one worker, and in waves of bands, after which one may look up.
struct MatrixBands {
  /// Bytes of single-precision numbers in a band: little, so that workers who wait for the last one do not wait long.
  private static let bytes = 1 << 20
  /// Bands in a wave.
  private static let wave = 128

  let rows: Int
  let columns: Int
  private let height: Int

  /// Bands of at least so many rows.
  init(rows: Int, columns: Int, least: Int = 1) {
    self.rows = rows
    self.columns = columns
    let count = max(MatrixBands.bytes / 4 / max(columns, 1), least)
    // Whole tiles, where a band has room for them.
    height = count >= MatrixTile.width ? count / MatrixTile.width * MatrixTile.width : count
  }

  /// How many bands there are.
  var count: Int { (rows + height - 1) / height }

  /// The rows of a band.
  func rows(of band: Int) -> Range<Int> { (band * height)..<min((band + 1) * height, rows) }

  /// The rows of several bands.
  func rows(of bands: Range<Int>) -> Range<Int> { (bands.lowerBound * height)..<min(bands.upperBound * height, rows) }

  /// Calls `body` with one wave after another.
  func forEachWave(_ body: (Range<Int>) throws(ImportFailure) -> Void) throws(ImportFailure) {
    for first in stride(from: 0, to: count, by: MatrixBands.wave) {
      try body(first..<min(first + MatrixBands.wave, count))
    }
  }
}
