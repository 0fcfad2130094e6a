import Quell

/// Writes a model file again with its hidden units in the order of how often they fire, so that what events read lies together: the rows
/// of units that fire at most tokens are neighbours, and those of units that hardly ever do are not touched. Nothing else changes:
/// every weight stays what it is, bit by bit, and sums are added in another order.
///
/// The result appears under its name only when it is complete.
///
/// - Parameters:
///   - firingCounts: For each site how often each of its inputs was an event; empty where that is not known, and for sites that are
///     to stay as they are.
///   - progress: Told how far the writing is, in bytes, and of how many; says whether to go on.
/// - Returns: How many sites have their inputs in another order.
/// - Throws: `ImportFailure`, as an import does.
@discardableResult
public func orderNeurons(
  from path: String, to output: String, firingCounts: [[Int]],
  progress: @escaping (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
) throws(ImportFailure) -> Int {
  let file = try MappedFile(path: path)
  guard !isSameFile(path, output) else { throw .unwritable("\(output) is the model itself; name another file.") }
  let model: Model
  do throws(Failure) { model = try Model(path: path) } catch { throw .malformed("\(path): \(error).") }
  var orders: [Int: (axis: HiddenUnits.Axis, order: [Int])] = [:]
  var ordered = 0
  for units in HiddenUnits.all(in: model) where firingCounts[units.site].count == units.count {
    let counts = firingCounts[units.site]
    let order = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
    for (tensor, axis) in units.parts { orders[tensor] = (axis, order) }
    ordered += 1
  }
  let writer = ReorderedFile(file: file, tensors: model.tensors, ranges: model.tensorRanges)
  try writer.write(to: output, orders, progress)
  return ordered
}

/// A model file some of whose tensors have their rows or columns in another order.
private struct ReorderedFile {
  /// Bytes that are written at a time.
  private static let piece = 4 << 20

  let file: MappedFile
  let tensors: [TensorDescription]
  let ranges: [Range<Int>]

  func write(
    to path: String, _ orders: [Int: (axis: HiddenUnits.Axis, order: [Int])], _ progress: (_ done: Int, _ total: Int) -> Bool
  ) throws(ImportFailure) {
    let output = try OutputFile(path: path, count: file.bytes.count)
    var done = 0
    func copy(upTo end: Int) throws(ImportFailure) {
      while done < end {
        guard progress(done, file.bytes.count) else { throw .cancelled }
        let count = min(ReorderedFile.piece, end - done)
        try output.write(UnsafeRawBufferPointer(rebasing: file.bytes[done..<(done + count)]), at: done)
        done += count
      }
    }
    for tensor in orders.keys.sorted(by: { ranges[$0].lowerBound < ranges[$1].lowerBound }) {
      guard let (axis, order) = orders[tensor] else { continue }
      try copy(upTo: ranges[tensor].lowerBound)
      let (rows, range) = (tensors[tensor].rows, ranges[tensor])
      let (rowBytes, width) = (range.count / rows, range.count / rows / tensors[tensor].columns)
      let height = max(ReorderedFile.piece / rowBytes, 1)
      for first in stride(from: 0, to: rows, by: height) {
        guard progress(done, file.bytes.count) else { throw .cancelled }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(height * rowBytes)
        for row in first..<min(first + height, rows) {
          let start = range.lowerBound + (axis == .row ? order[row] : row) * rowBytes
          if axis == .row {
            bytes += file.bytes[start..<(start + rowBytes)]
          } else {
            for column in order { bytes += file.bytes[(start + column * width)..<(start + (column + 1) * width)] }
          }
        }
        try output.write(bytes, at: done)
        done += bytes.count
      }
    }
    try copy(upTo: file.bytes.count)
    try output.finish { path throws(ImportFailure) in
      do throws(Failure) { _ = try Model(path: path) } catch { throw .malformed("\(path): \(error).") }
    }
  }
}
