import Quell

/// Writes a copy of a model file with other thresholds. Every other byte is that of the file, whatever its weights are.
///
/// The result appears under its name only when it is complete and opens with these thresholds.
///
/// - Parameters:
///   - thresholds: One for each of the model's sites, finite and at least 0.
///   - progress: Told how many bytes have been written, and of how many; says whether to go on.
/// - Throws: `ImportFailure`, as an import does.
public func copyModel(
  from path: String, to output: String, thresholds: [Float],
  progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
) throws(ImportFailure) {
  let file = try MappedFile(path: path)
  guard !isSameFile(path, output) else { throw .unwritable("\(output) is the model itself; name another file.") }
  let model: Model
  do throws(Failure) { model = try Model(path: path) } catch { throw .malformed("\(path): \(error).") }
  let place = model.thresholdRange
  precondition(place.count == 4 * thresholds.count)
  let copy = try OutputFile(path: output, count: file.bytes.count)
  let step = 1 << 24
  for start in stride(from: 0, to: file.bytes.count, by: step) {
    let end = min(start + step, file.bytes.count)
    try copy.write(UnsafeRawBufferPointer(rebasing: file.bytes[start..<end]), at: start)
    guard progress(end, file.bytes.count) else { throw .cancelled }
  }
  let numbers = thresholds.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) } }
  try copy.write(numbers, at: place.lowerBound)
  try copy.finish { (temporary) throws(ImportFailure) in
    try file.requireUnchanged()
    let written = try? Model(path: temporary).sites.map(\.threshold)
    guard written == thresholds else {
      throw .unwritable("\(output) would not hold the thresholds: \(path) changed while it was copied.")
    }
  }
}
