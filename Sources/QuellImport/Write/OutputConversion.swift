import CConversion
import Synchronization

/// Whole numbers of a matrix of which the weights of each output lie together in the source: an output is converted right after it
/// is measured, so that the source is read once.
struct OutputQuantization {
  /// The most bytes of a matrix that are kept in memory until they are transposed.
  private static let mostTurned = 256 << 20

  /// The matrices that stand side by side, with one row for each output.
  private let outputs: [Weight]
  private let scales: OutputScales
  private let writer: MatrixWriter
  /// Whether the rows of the file are inputs.
  private let isTurned: Bool

  /// Nil where the weights do not lie so, are of another type than single precision, or have scales already.
  init?(_ writer: MatrixWriter) {
    guard let scales = writer.scales, scales.factors != nil else { return nil }
    isTurned = scales.axis == .columns
    let size = writer.weights.reduce(0) { $0 + $1.count }
    guard size > 0, isTurned ? size <= OutputQuantization.mostTurned : writer.weights.count == 1 else { return nil }
    guard writer.weights.allSatisfy({ $0.shape.count == 2 && $0.source.isPlainFloat }) else { return nil }
    outputs = isTurned ? writer.weights.map { $0.transposed } : writer.weights
    guard outputs.allSatisfy({ $0.layout.strides[1] == 1 }) else { return nil }
    self.scales = scales
    self.writer = writer
  }

  private var inputCount: Int { outputs[0].columnCount }
  private var outputCount: Int { scales.numbers.count }

  /// Writes the matrix, as ``MatrixWriter/write(to:_:next:advance:)`` does.
  func write(
    to file: TensorOutput, _ workers: Workers, next: MatrixWriter?, advance: (Int) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    let found = Mutex([UInt32](repeating: 0, count: outputCount))
    if isTurned { workers.common.reserve(outputCount * inputCount) }
    var first = 0
    for weight in outputs {
      let bands = MatrixBands(rows: weight.rowCount, columns: inputCount, least: MatrixTile.width)
      try bands.forEachWave { wave throws(ImportFailure) in
        try workers.perform(wave) { memory, band throws(ImportFailure) in
          if first == 0 { next?.fetch(band, of: bands.count) }
          let rows = bands.rows(of: band)
          let greatest = quantize(rows, of: weight, memory)
          found.withLock { found in for (row, bits) in zip(rows, greatest) { found[first + row] = bits } }
          let codes = UnsafeRawBufferPointer(rebasing: memory.bytes[..<(rows.count * inputCount)])
          if isTurned {
            let place = workers.common.bytes.baseAddress! + first + rows.lowerBound
            conversion_transpose_bytes(codes.baseAddress!, inputCount, place, outputCount, rows.count, inputCount)
          } else {
            try file.write(codes, at: rows.lowerBound * inputCount)
          }
        }
        try advance(weight.count * 4 / bands.rows * bands.rows(of: wave).count)
      }
      first += weight.rowCount
    }
    try scales.set(found.withLock { $0 }, of: writer.name)
    if isTurned { try writeTurned(to: file, workers) }
  }

  /// Converts some outputs of a matrix into a worker's memory, and gives the bits of their greatest magnitudes.
  private func quantize(_ rows: Range<Int>, of weight: Weight, _ memory: Workers.Memory) -> [UInt32] {
    let (count, pitch) = (inputCount, weight.layout.strides[0] * 4)
    memory.reserve(rows.count * count)
    var line = weight.source.start + weight.layout.offset * 4 + rows.lowerBound * pitch
    var place = memory.bytes.baseAddress!.assumingMemoryBound(to: Int8.self)
    return rows.map { _ in
      let greatest = conversion_greatest(line, count, 0)
      conversion_quantize(line, OutputScales.factor(greatest), place, count)
      line += pitch
      place += count
      return greatest
    }
  }

  /// Writes the common memory, which has one row for each input by now.
  private func writeTurned(to file: TensorOutput, _ workers: Workers) throws(ImportFailure) {
    let codes = UnsafeRawBufferPointer(rebasing: workers.common.bytes[..<(inputCount * outputCount)])
    let piece = 1 << 20
    try workers.perform(0..<((codes.count + piece - 1) / piece)) { _, number throws(ImportFailure) in
      let range = (number * piece)..<min((number + 1) * piece, codes.count)
      try file.write(UnsafeRawBufferPointer(rebasing: codes[range]), at: range.lowerBound)
    }
  }
}
