import CConversion
import Synchronization

/// A matrix whose rows are inputs, in the source as in the file, to be converted to 8-bit integers with a scale for each output: that
/// is, for each column. Panels of columns are brought together in a cache, where they are measured and then quantised, so that
/// the source is read once.
struct PanelConversion {
  /// The most bytes of a matrix that are kept in memory until all panels are done.
  private static let mostHeld = 256 << 20
  /// The bytes of single-precision numbers that a processor's own cache has room for.
  private static let panel = 1 << 20
  /// The least columns of a panel: whole lines of the result, so that no line is written by two workers.
  private static let leastColumns = 64
  /// The most inputs: what is brought together must not take more memory than a few panels.
  private static let mostInputs = 1 << 15

  private let weights: [Weight]
  private let name: String
  private let scales: OutputScales

  /// Nil for other types than 8-bit integers, where scales are known or of rows, and where the weights lie otherwise.
  init?(_ writer: MatrixWriter) {
    guard writer.type == .int8, let scales = writer.scales, scales.axis == .columns, scales.factors != nil else { return nil }
    guard writer.weights.reduce(0, { $0 + $1.count }) <= PanelConversion.mostHeld else { return nil }
    guard
      writer.weights.allSatisfy({ $0.shape.count == 2 && $0.count > 0 && $0.source.isPlainFloat && $0.layout.strides[1] == 1 }),
      writer.weights[0].rowCount <= PanelConversion.mostInputs
    else { return nil }
    weights = writer.weights
    name = writer.name
    self.scales = scales
  }

  private var inputCount: Int { weights[0].rowCount }
  private var outputCount: Int { weights.reduce(0) { $0 + $1.columnCount } }

  /// Writes the matrix, as ``MatrixWriter/write(to:_:next:advance:)`` does.
  func write(
    to file: TensorOutput, _ workers: Workers, next: MatrixWriter?, advance: (Int) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    let found = Mutex([UInt32](repeating: 0, count: outputCount))
    let block = file.block(inputCount * outputCount)
    let lines = PanelConversion.panel / 4 / inputCount / PanelConversion.leastColumns
    let width = max(lines, 1) * PanelConversion.leastColumns
    var first = 0
    for weight in weights {
      let panels = (weight.columnCount + width - 1) / width
      try workers.perform(0..<panels) { memory, panel throws(ImportFailure) in
        if first == 0 { next?.fetch(panel, of: panels) }
        let columns = (panel * width)..<min((panel + 1) * width, weight.columnCount)
        let greatest = quantize(columns, of: weight, memory, to: block.bytes.baseAddress! + first + columns.lowerBound)
        found.withLock { found in for (column, bits) in zip(columns, greatest) { found[first + column] = bits } }
      }
      try advance(weight.count * 4)
      first += weight.columnCount
    }
    try scales.set(found.withLock { $0 }, of: name)
    try file.write(block, at: 0)
  }

  /// Converts some columns of a matrix, and gives the bits of their greatest magnitudes.
  private func quantize(
    _ columns: Range<Int>, of weight: Weight, _ memory: Workers.Memory, to place: UnsafeMutableRawPointer
  ) -> [UInt32] {
    let start = weight.source.start + (weight.layout.offset + columns.lowerBound) * 4
    memory.reserve(inputCount * columns.count * 4)
    let numbers = memory.bytes.baseAddress!.assumingMemoryBound(to: Float.self)
    var greatest = [UInt32](repeating: 0, count: columns.count)
    conversion_gather_columns(start, weight.layout.strides[0], numbers, &greatest, inputCount, columns.count)
    let factors = greatest.map { OutputScales.factor($0) }
    conversion_quantize_columns(
      numbers, factors, place.assumingMemoryBound(to: Int8.self), outputCount, inputCount, columns.count)
    return greatest
  }
}
