import CConversion
import Synchronization

/// A matrix of which the weights of each output lie together in the source, converted as they lie: an output is quantised right
/// after it is measured, and what the file has the other way round is transposed in memory, so that the source is read once.
struct OutputConversion {
  /// The most bytes of a matrix that are kept in memory until they are transposed.
  private static let mostTurned = 256 << 20
  /// The inputs that halves are narrowed and transposed for at a time: few enough that they stay in the nearest cache.
  private static let panel = 256

  /// The matrices that stand side by side, with one row for each output.
  private let outputs: [Weight]
  private let writer: MatrixWriter
  /// Scales to be measured; nil for halves.
  private let scales: OutputScales?
  /// Whether the rows of the file are inputs.
  private let isTurned: Bool

  /// Nil where the weights do not lie so, are of another type than single precision, or have scales already; and for halves that
  /// the file has as the source has them.
  init?(_ writer: MatrixWriter) {
    switch writer.type {
    case .int8:
      guard let scales = writer.scales, scales.factors != nil else { return nil }
      isTurned = scales.axis == .columns
      self.scales = scales
    case .f16, .bf16:
      isTurned = true
      scales = nil
    default: return nil
    }
    let size = writer.weights.reduce(0) { $0 + $1.count * writer.type.blockBytes }
    guard size > 0, isTurned ? size <= OutputConversion.mostTurned : writer.weights.count == 1 else { return nil }
    guard writer.weights.allSatisfy({ $0.shape.count == 2 && $0.source.isPlainFloat }) else { return nil }
    outputs = isTurned ? writer.weights.map { $0.transposed } : writer.weights
    guard outputs.allSatisfy({ $0.layout.strides[1] == 1 }) else { return nil }
    self.writer = writer
  }

  private var inputCount: Int { outputs[0].columnCount }
  private var outputCount: Int { outputs.reduce(0) { $0 + $1.rowCount } }

  /// Writes the matrix, as ``MatrixWriter/write(to:_:next:advance:)`` does.
  func write(
    to file: TensorOutput, _ workers: Workers, next: MatrixWriter?, advance: (Int) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    let found = Mutex([UInt32](repeating: 0, count: outputCount))
    let turned = isTurned ? file.block(outputCount * inputCount * writer.type.blockBytes) : nil
    var first = 0
    for weight in outputs {
      let bands = MatrixBands(rows: weight.rowCount, columns: inputCount, least: MatrixTile.width)
      try bands.forEachWave { wave throws(ImportFailure) in
        try workers.perform(wave) { memory, band throws(ImportFailure) in
          if first == 0 { next?.fetch(band, of: bands.count) }
          let rows = bands.rows(of: band)
          let place = turned.map { $0.bytes.baseAddress! + (first + rows.lowerBound) * writer.type.blockBytes }
          if scales != nil {
            let greatest = try quantize(rows, of: weight, memory, to: place, file)
            found.withLock { found in for (row, bits) in zip(rows, greatest) { found[first + row] = bits } }
          } else if let place {
            try narrow(rows, of: weight, memory, to: place)
          }
          weight.source.letGo(behind: band, of: bands.count)
        }
        try advance(weight.count * 4 / bands.rows * bands.rows(of: wave).count)
      }
      first += weight.rowCount
    }
    try scales?.set(found.withLock { $0 }, of: writer.name)
    if let turned { try file.write(turned, at: 0) }
  }

  /// Where the numbers of an output lie.
  private func line(_ row: Int, of weight: Weight) -> UnsafeRawPointer {
    weight.source.start + (weight.layout.offset + row * weight.layout.strides[0]) * 4
  }

  /// Converts some outputs of a matrix to whole numbers, and gives the bits of their greatest magnitudes. The numbers are put into
  /// columns, the first of which is at a place; or written, where the rows of the file are outputs.
  private func quantize(
    _ rows: Range<Int>, of weight: Weight, _ memory: Workers.Memory, to place: UnsafeMutableRawPointer?, _ file: TensorOutput
  ) throws(ImportFailure) -> [UInt32] {
    let (count, pitch) = (inputCount, weight.layout.strides[0] * 4)
    let block = place == nil ? file.block(rows.count * count) : nil
    if block == nil { memory.reserve(rows.count * count) }
    let codes = (block?.bytes ?? memory.bytes).baseAddress!
    var line = line(rows.lowerBound, of: weight)
    var code = codes.assumingMemoryBound(to: Int8.self)
    let greatest = rows.map { _ in
      let greatest = conversion_greatest(line, count, 0)
      conversion_quantize(line, OutputScales.factor(greatest), code, count)
      line += pitch
      code += count
      return greatest
    }
    if let block {
      try file.write(block, at: rows.lowerBound * count)
    } else if let place {
      conversion_transpose_bytes(codes, count, place, outputCount, rows.count, count)
    }
    return greatest
  }

  /// Converts some outputs of a matrix to halves, which are put into columns, the first of which is at a place.
  private func narrow(
    _ rows: Range<Int>, of weight: Weight, _ memory: Workers.Memory, to place: UnsafeMutableRawPointer
  ) throws(ImportFailure) {
    let (inputs, pitch, start) = (inputCount, weight.layout.strides[0] * 4, line(rows.lowerBound, of: weight))
    memory.reserve(rows.count * OutputConversion.panel * 2)
    let halves = memory.bytes.baseAddress!
    for input in stride(from: 0, to: inputs, by: OutputConversion.panel) {
      let count = min(OutputConversion.panel, inputs - input)
      var line = start + input * 4
      for row in 0..<rows.count {
        try writer.narrow(line, halves + row * count * 2, count)
        line += pitch
      }
      conversion_transpose_halves(halves, count * 2, place + input * outputCount * 2, outputCount * 2, rows.count, count)
    }
  }
}
