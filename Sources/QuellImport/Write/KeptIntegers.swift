import CConversion
import Synchronization

extension Weight {
  /// The integers that a quantised matrix is made of, less their zero points, and the scale of each output: where 8 bits with a
  /// sign hold all of them, and each output has one scale. Nil elsewhere.
  func keptIntegers(_ axis: OutputScales.Axis, _ workers: Workers) throws(ImportFailure) -> (codes: Weight, scales: [Float])? {
    guard let formula = source.formula, shape.count == 2, formula.codes.type.bits <= 8,
      let (codes, zeros, scales) = formula.seen(through: layout)
    else { return nil }
    let (outputs, inputs) = axis == .rows ? (0, 1) : (1, 0)
    if let scales, scales.layout.strides[inputs] != 0, shape[inputs] > 1 { return nil }
    guard let integers = Weight.dequantized(codes, zeros: zeros, scales: nil, type: .float32),
      zeros?.areIntegers != false, try integers.fitIntegers(zeros, of: codes.type, workers)
    else { return nil }
    let numbers = (0..<shape[outputs]).map { output in
      scales.map { $0.source.float($0.layout.offset + output * $0.layout.strides[outputs]) } ?? 1
    }
    return (integers, numbers)
  }

  /// The numbers that differ in place: an axis of which all elements are one is read once.
  private var distinct: [Double] {
    var once = self
    once.layout = shape.indices.reduce(layout) { layout, axis in
      layout.strides[axis] == 0 && layout.shape[axis] > 1 ? layout.sliced(axis: axis, start: 0, count: 1) : layout
    }
    return once.values
  }

  private var areIntegers: Bool { distinct.allSatisfy { $0 == $0.rounded() } }

  /// Whether all are within 8 bits with a sign: by what the type of the codes can hold, or else by what they do hold.
  private func fitIntegers(_ zeros: Weight?, of type: DataType, _ workers: Workers) throws(ImportFailure) -> Bool {
    guard let range = type.codeRange else { return false }
    let zeros = zeros?.distinct ?? [0]
    if Double(range.lowerBound) - (zeros.max() ?? 0) >= -128, Double(range.upperBound) - (zeros.min() ?? 0) <= 127 { return true }
    return try greatestMagnitude(workers) <= 127
  }

  private func greatestMagnitude(_ workers: Workers) throws(ImportFailure) -> Float {
    let bands = MatrixBands(rows: rowCount, columns: columnCount)
    let greatest = Mutex(UInt32(0))
    try workers.perform(0..<bands.count) { memory, band throws(ImportFailure) in
      var found: UInt32 = 0
      try forEachTile(rows: bands.rows(of: band), memory) { tile throws(ImportFailure) in
        for row in 0..<tile.rows { found = conversion_greatest(tile.line(row), tile.columns, found) }
      }
      greatest.withLock { $0 = max($0, found) }
    }
    return Float(bitPattern: greatest.withLock { $0 })
  }
}
