import CConversion
import Quell

/// Writes a matrix in the type of the file: rows of one weight, or of several side by side.
///
/// The source is read in the order of its file and let go behind; bands of rows are converted by all cores. Memory stays a few
/// megabytes for each of them whatever the size of the matrix.
struct MatrixWriter {
  let name: String
  let weights: [Weight]
  /// The type in the file; the columns of each weight are whole blocks of it.
  let type: WeightFormat
  /// The scales of 8-bit integers and of ternary numbers; nil for other types.
  let scales: OutputScales?

  private var columns: Int { weights.reduce(0) { $0 + $1.columnCount } }

  private var rowBytes: Int { columns / type.blockCount * type.blockBytes }

  /// Bytes of the source.
  var sourceBytes: Int { weights.reduce(0) { $0 + $1.storedBytes } }

  /// Lets the system read one of several parts ahead.
  func fetch(_ part: Int = 0, of parts: Int = 1) {
    for weight in weights { weight.source.fetch(part, of: parts) }
  }

  /// Writes all of it, while the matrix that is `next` is read ahead. `advance` is told of bytes of the source that are done with,
  /// on the calling thread.
  func write(
    to output: TensorOutput, _ workers: Workers, next: MatrixWriter? = nil, advance: (Int) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    defer { for weight in weights { weight.source.letGo() } }
    if let conversion = OutputConversion(self) {
      return try conversion.write(to: output, workers, next: next, advance: advance)
    }
    try scales?.measure(weights, named: name, workers)
    let bands = MatrixBands(rows: weights.first?.rowCount ?? 0, columns: columns)
    try bands.forEachWave { wave throws(ImportFailure) in
      try workers.perform(wave) { memory, band throws(ImportFailure) in
        next?.fetch(band, of: bands.count)
        try write(bands.rows(of: band), to: output, memory)
        for weight in weights { weight.source.letGo(behind: band, of: bands.count) }
      }
      try advance(sourceBytes / bands.rows * bands.rows(of: wave).count)
    }
  }

  // MARK: Conversion

  private func write(_ rows: Range<Int>, to output: TensorOutput, _ memory: Workers.Memory) throws(ImportFailure) {
    let block = output.block(rows.count * rowBytes)
    if weights.count == 1, weights[0].isStored(as: type) {
      let start = weights[0].layout.offset
      block.bytes.copyMemory(from: weights[0].source.bytes((start + rows.lowerBound * columns)..<(start + rows.upperBound * columns)))
    } else {
      var start = 0
      for weight in weights {
        try weight.forEachTile(rows: rows, memory) { tile throws(ImportFailure) in
          let column = (start + tile.column) / type.blockCount * type.blockBytes
          try convert(tile, from: start, block.bytes.baseAddress! + (tile.row - rows.lowerBound) * rowBytes + column)
        }
        start += weight.columnCount
      }
    }
    try output.write(block, at: rows.lowerBound * rowBytes)
  }

  /// Converts a tile of the weight that begins at a column.
  private func convert(_ tile: MatrixTile, from start: Int, _ to: UnsafeMutableRawPointer) throws(ImportFailure) {
    let (count, pitch) = (tile.columns, rowBytes)
    // What is the same for all rows is taken out of the loops: counting its references costs more than converting a line.
    switch type {
    case .f32:
      for row in 0..<tile.rows { (to + row * pitch).copyMemory(from: tile.line(row), byteCount: count * 4) }
    case .f16, .bf16:
      for row in 0..<tile.rows { try narrow(tile.line(row), to + row * pitch, count) }
    case .int4:
      for row in 0..<tile.rows { conversion_blocks_of_half_bytes(tile.line(row), to + row * pitch, count) }
    case .ternary:
      for row in 0..<tile.rows { conversion_ternary(tile.line(row), to + row * pitch, count) }
    case .int8:
      let integers = to.assumingMemoryBound(to: Int8.self)
      guard let scales, let factors = scales.factors else {
        for row in 0..<tile.rows { conversion_integers(tile.line(row), integers + row * pitch, count) }
        return
      }
      let isByRow = scales.axis == .rows
      factors.withUnsafeBufferPointer { factors in
        let factors = factors.baseAddress! + (isByRow ? tile.row : start + tile.column)
        for row in 0..<tile.rows {
          if isByRow {
            conversion_quantize(tile.line(row), factors[row], integers + row * pitch, count)
          } else {
            conversion_quantize_each(tile.line(row), factors, integers + row * pitch, count)
          }
        }
      }
    }
  }

  /// Converts numbers to the type of the file, where that has two bytes for each.
  func narrow(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int) throws(ImportFailure) {
    if type == .f16 {
      guard conversion_narrow_half(from, to, count) else {
        throw tooLarge(from, count, "half precision; import with 32-bit weights or bf16")
      }
    } else {
      guard conversion_narrow_bfloat16(from, to, count) else { throw tooLarge(from, count, "bf16; import with 32-bit weights") }
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
  fileprivate func isStored(as type: WeightFormat) -> Bool {
    guard layout.isContiguous, source.formula == nil else { return false }
    return switch (self.type, type) {
    case (.float32, .f32), (.float16, .f16), (.bfloat16, .bf16): true
    default: false
    }
  }
}
