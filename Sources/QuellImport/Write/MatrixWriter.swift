import CConversion
import Synchronization

/// Writes a matrix in the type of the file: rows of one weight, or of several side by side.
///
/// The source is read in the order of its file and let go behind; bands of rows are converted by all cores. Memory stays a few
/// megabytes for each of them whatever the size of the matrix.
struct MatrixWriter {
  /// Bytes of single-precision numbers that a worker takes on at once.
  private static let bandBytes = 4 << 20
  /// Bytes of the source between two reports of progress.
  private static let waveBytes = 64 << 20

  let name: String
  let weights: [Weight]
  let type: GGUFTensor.ElementType
  /// The scales of whole numbers; nil for other types.
  let scales: OutputScales?

  private var rows: Int { weights.first?.rowCount ?? 0 }
  private var columns: Int { weights.reduce(0) { $0 + $1.columnCount } }

  /// Bytes of the source.
  var sourceBytes: Int { weights.reduce(0) { $0 + $1.storedBytes } }

  /// Lets the system read ahead.
  func fetch() {
    for weight in weights { weight.source.fetch() }
  }

  /// Writes all of it. `advance` is told of bytes of the source that are done with, on the calling thread.
  func write(
    to output: TensorOutput, _ workers: Workers, advance: (Int) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    defer { for weight in weights { weight.source.letGo() } }
    if let scales, scales.factors != nil { try measure(scales, workers) }
    try inWaves { bands throws(ImportFailure) in
      try workers.perform(bands) { memory, band throws(ImportFailure) in try write(self.rows(of: band), to: output, memory) }
      try advance(sourceBytes * (self.rows(of: bands.upperBound - 1).upperBound - self.rows(of: bands.lowerBound).lowerBound) / max(rows, 1))
    }
  }

  // MARK: Bands

  /// Whole tiles, where a band has room for them.
  private var bandRows: Int {
    let count = max(MatrixWriter.bandBytes / 4 / max(columns, 1), 1)
    return count > MatrixTile.side ? count / MatrixTile.side * MatrixTile.side : count
  }

  private func rows(of band: Int) -> Range<Int> { (band * bandRows)..<min((band + 1) * bandRows, rows) }

  private func inWaves(_ body: (Range<Int>) throws(ImportFailure) -> Void) throws(ImportFailure) {
    let count = (rows + bandRows - 1) / bandRows
    for first in stride(from: 0, to: count, by: MatrixWriter.waveBytes / MatrixWriter.bandBytes) {
      try body(first..<min(first + MatrixWriter.waveBytes / MatrixWriter.bandBytes, count))
    }
  }

  // MARK: Scales

  private func measure(_ scales: OutputScales, _ workers: Workers) throws(ImportFailure) {
    let greatest = Mutex([UInt32](repeating: 0, count: scales.numbers.count))
    try inWaves { bands throws(ImportFailure) in
      try workers.perform(bands) { memory, band throws(ImportFailure) in
        let rows = self.rows(of: band)
        var found = [UInt32](repeating: 0, count: scales.axis == .rows ? rows.count : columns)
        var start = 0
        for weight in weights {
          try weight.forEachTile(rows: rows, memory) { tile throws(ImportFailure) in
            found.withUnsafeMutableBufferPointer { found in
              for row in 0..<tile.rows {
                switch scales.axis {
                case .rows:
                  let place = tile.row - rows.lowerBound + row
                  found[place] = conversion_greatest(tile.line(row), tile.columns, found[place])
                case .columns:
                  conversion_greatest_each(tile.line(row), found.baseAddress! + start + tile.column, tile.columns)
                }
              }
            }
          }
          start += weight.columnCount
        }
        let first = scales.axis == .rows ? rows.lowerBound : 0
        greatest.withLock { greatest in
          for (place, bits) in found.enumerated() { greatest[first + place] = max(greatest[first + place], bits) }
        }
      }
    }
    try scales.set(greatest.withLock { $0 }, of: name)
  }

  // MARK: Conversion

  private func write(_ rows: Range<Int>, to output: TensorOutput, _ memory: Workers.Memory) throws(ImportFailure) {
    let place = rows.lowerBound * columns * type.size
    if weights.count == 1, weights[0].isStored(as: type) {
      let start = weights[0].layout.offset
      return try output.write(weights[0].source.bytes((start + rows.lowerBound * columns)..<(start + rows.upperBound * columns)), at: place)
    }
    memory.reserve(rows.count * columns * type.size)
    var start = 0
    for weight in weights {
      try weight.forEachTile(rows: rows, memory) { tile throws(ImportFailure) in
        for row in 0..<tile.rows {
          let column = start + tile.column
          let to = memory.bytes.baseAddress! + ((tile.row + row - rows.lowerBound) * columns + column) * type.size
          try convert(tile.line(row), to, tile.columns, row: tile.row + row, column: column)
        }
      }
      start += weight.columnCount
    }
    try output.write(UnsafeRawBufferPointer(rebasing: memory.bytes[..<(rows.count * columns * type.size)]), at: place)
  }

  /// Converts neighbours of a row.
  private func convert(
    _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int, row: Int, column: Int
  ) throws(ImportFailure) {
    switch type {
    case .f32: to.copyMemory(from: from, byteCount: count * 4)
    case .f16:
      if !conversion_narrow_half(from, to, count) { throw tooLarge(from, count, "half precision; import with 32-bit weights or bf16") }
    case .bf16:
      if !conversion_narrow_bfloat16(from, to, count) { throw tooLarge(from, count, "bf16; import with 32-bit weights") }
    case .i8:
      let integers = to.assumingMemoryBound(to: Int8.self)
      guard let scales, let factors = scales.factors else { return conversion_integers(from, integers, count) }
      factors.withUnsafeBufferPointer { factors in
        switch scales.axis {
        case .rows: conversion_quantize(from, factors[row], integers, count)
        case .columns: conversion_quantize_each(from, factors.baseAddress! + column, integers, count)
        }
      }
    }
  }

  private func tooLarge(_ from: UnsafeRawPointer, _ count: Int, _ what: String) -> ImportFailure {
    let numbers = (0..<count).map { from.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    let greatest = numbers.filter { $0.isFinite }.max { abs($0) < abs($1) } ?? 0
    return .unsupported("Tensor \"\(name)\" holds \(greatest), which is too large for \(what).")
  }
}

extension Weight {
  /// Bytes of the source that the numbers take up.
  fileprivate var storedBytes: Int { source.formula?.codes.type.bytes(count) ?? type.bytes(count) }

  /// Whether the bytes of the source are those of the file.
  fileprivate func isStored(as type: GGUFTensor.ElementType) -> Bool {
    guard layout.isContiguous, source.formula == nil else { return false }
    return switch (self.type, type) {
    case (.float32, .f32), (.float16, .f16), (.bfloat16, .bf16): true
    default: false
    }
  }
}
