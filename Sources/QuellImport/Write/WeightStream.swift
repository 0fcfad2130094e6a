/// Gives out the numbers of a tensor in row-major order and in the type of the file, in pieces of bounded size.
///
/// The tensor is one weight or several of as many rows side by side. A transposed matrix is turned on the way, a band of rows
/// at a time, so memory stays constant whatever the matrix.
struct WeightStream {
  private static let pieceBytes = 4 << 20

  let name: String
  let weights: [Weight]
  let type: GGUFTensor.ElementType

  /// Hands all bytes to a sink.
  func produce(_ sink: GGUFTensor.Sink) throws(ImportFailure) {
    let columns = weights.reduce(0) { $0 + ($1.shape.last ?? 1) }
    let rows = weights.reduce(0) { $0 + $1.count } / max(columns, 1)
    if weights.count == 1, let weight = weights.first, isStoredAsWritten(weight) {
      let start = weight.layout.offset
      let step = WeightStream.pieceBytes / type.size
      for first in stride(from: 0, to: weight.count, by: step) {
        try sink(weight.source.bytes((start + first)..<(start + min(first + step, weight.count))))
      }
      return
    }
    // Bands wide enough that a page of a transposed source is read once or a few times, not once for every row.
    let band = max(WeightStream.pieceBytes / 4 / max(columns, 1), min(rows, 64), 1)
    var numbers = [Float](repeating: 0, count: min(band, rows) * columns)
    for first in stride(from: 0, to: rows, by: band) {
      let count = min(band, rows - first)
      var column = 0
      for weight in weights {
        fill(&numbers, weight, rows: first..<(first + count), column: column, columns)
        column += weight.shape.last ?? 1
      }
      try put(numbers[..<(count * columns)], sink)
    }
  }

  private func isStoredAsWritten(_ weight: Weight) -> Bool {
    guard weight.layout.isContiguous, weight.source.formula == nil else { return false }
    return switch (weight.type, type) {
    case (.float32, .f32), (.float16, .f16): true
    default: false
    }
  }

  /// Reads rows of a weight into a band whose rows have `pitch` numbers, from a column on.
  private func fill(_ numbers: inout [Float], _ weight: Weight, rows: Range<Int>, column first: Int, _ pitch: Int) {
    let layout = weight.layout
    let columns = layout.shape.last ?? 1
    let across = layout.strides.last ?? 1
    let down = layout.shape.count > 1 ? layout.strides[layout.shape.count - 2] : 0
    let start = layout.offset + rows.lowerBound * down
    let source = weight.source
    numbers.withUnsafeMutableBufferPointer { numbers in
      let band = UnsafeMutableBufferPointer(rebasing: numbers[first..<(rows.count * pitch)])
      if across == 1 {
        for row in 0..<rows.count {
          let line = UnsafeMutableBufferPointer(rebasing: band[(row * pitch)..<(row * pitch + columns)])
          source.read(from: start + row * down, by: 1, into: line, by: 1, count: columns)
        }
      } else {
        for column in 0..<columns {
          let line = UnsafeMutableBufferPointer(rebasing: band[column...])
          source.read(from: start + column * across, by: down, into: line, by: pitch, count: rows.count)
        }
      }
    }
  }

  private func put(_ numbers: ArraySlice<Float>, _ sink: GGUFTensor.Sink) throws(ImportFailure) {
    var failure: ImportFailure?
    if type == .f32 {
      numbers.withUnsafeBytes { bytes in
        do throws(ImportFailure) { try sink(bytes) } catch { failure = error }
      }
    } else {
      var halves: [UInt16] = []
      halves.reserveCapacity(numbers.count)
      for number in numbers {
        let half = Float16(number)
        guard half.isFinite || !number.isFinite else {
          throw .unsupported("Tensor \"\(name)\" holds \(number), which is too large for half precision; import with 32-bit weights.")
        }
        halves.append(half.bitPattern)
      }
      halves.withUnsafeBytes { bytes in
        do throws(ImportFailure) { try sink(bytes) } catch { failure = error }
      }
    }
    if let failure { throw failure }
  }
}
