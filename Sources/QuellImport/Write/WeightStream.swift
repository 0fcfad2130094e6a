/// Gives out the numbers of a weight in row-major order and in the type of the file, in pieces of bounded size.
///
/// A transposed matrix is turned on the way, a band of rows at a time, so memory stays constant whatever the matrix.
struct WeightStream {
  private static let pieceBytes = 4 << 20

  let name: String
  let weight: Weight
  let type: GGUFTensor.ElementType

  /// Hands all bytes to a sink.
  func produce(_ sink: GGUFTensor.Sink) throws(ImportFailure) {
    let columns = weight.shape.last ?? 1
    let rows = weight.count / max(columns, 1)
    if weight.layout.isContiguous, weight.source.formula == nil, isStoredAsWritten {
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
      fill(&numbers, first, count, columns)
      try put(numbers[..<(count * columns)], sink)
    }
  }

  private var isStoredAsWritten: Bool {
    switch (weight.type, type) {
    case (.float32, .f32), (.float16, .f16): true
    default: false
    }
  }

  private func fill(_ numbers: inout [Float], _ first: Int, _ count: Int, _ columns: Int) {
    let layout = weight.layout
    let across = layout.strides.last ?? 1
    let down = layout.shape.count > 1 ? layout.strides[layout.shape.count - 2] : 0
    let start = layout.offset + first * down
    let source = weight.source
    numbers.withUnsafeMutableBufferPointer { numbers in
      if across == 1 {
        for row in 0..<count {
          let line = UnsafeMutableBufferPointer(rebasing: numbers[(row * columns)..<((row + 1) * columns)])
          source.read(from: start + row * down, by: 1, into: line, by: 1, count: columns)
        }
      } else {
        for column in 0..<columns {
          let line = UnsafeMutableBufferPointer(rebasing: numbers[column..<(count * columns)])
          source.read(from: start + column * across, by: down, into: line, by: columns, count: count)
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
