import CConversion
import Quell
import Synchronization

/// Finds out whether matrices are ternary: whether each output has weights of one magnitude, its scale, or 0.
enum TernaryScales {
  /// The scales of matrices that stand side by side, of shape [inputs, outputs], one for each output; nil where one is not ternary, or
  /// has not whole blocks of outputs.
  static func find(in weights: [Weight], _ workers: Workers) throws(ImportFailure) -> [Float]? {
    var numbers: [Float] = []
    for weight in weights {
      guard weight.shape.count == 2, weight.columnCount % WeightFormat.ternary.blockCount == 0,
        let magnitudes = try weight.ternaryMagnitudes(workers)
      else { return nil }
      numbers += magnitudes
    }
    return numbers
  }
}

extension Weight {
  /// The one magnitude, beside 0, of each column, or nil where there are others, or some that are not finite.
  fileprivate func ternaryMagnitudes(_ workers: Workers) throws(ImportFailure) -> [Float]? {
    let bands = MatrixBands(rows: rowCount, columns: columnCount)
    let greatest = Mutex([UInt32](repeating: 0, count: columnCount))
    try workers.perform(0..<bands.count) { memory, band throws(ImportFailure) in
      let found = try self.greatest(bands.rows(of: band), isByRow: false, memory)
      greatest.withLock { greatest in for (column, bits) in found.enumerated() { greatest[column] = max(greatest[column], bits) } }
    }
    let magnitudes = greatest.withLock { $0 }
    guard magnitudes.allSatisfy({ Float(bitPattern: $0).isFinite }) else { return nil }
    let areTernary = Atomic(true)
    try workers.perform(0..<bands.count) { memory, band throws(ImportFailure) in
      guard areTernary.load(ordering: .relaxed) else { return }
      try forEachTile(rows: bands.rows(of: band), memory) { tile throws(ImportFailure) in
        let isTernary = magnitudes.withUnsafeBufferPointer { magnitudes in
          (0..<tile.rows).allSatisfy { conversion_is_ternary(tile.line($0), magnitudes.baseAddress! + tile.column, tile.columns) }
        }
        if !isTernary { areTernary.store(false, ordering: .relaxed) }
      }
    }
    return areTernary.load(ordering: .relaxed) ? magnitudes.map { Float(bitPattern: $0) } : nil
  }
}
