/// An array of strings of a file, read where it stands, front to back.
struct StringArray: Sequence {
  private let bytes: UnsafeRawBufferPointer
  /// How many strings.
  let count: Int
  /// Where it begins in the file.
  let offset: Int

  /// The array in a metadata value, or nil where the value is something else. The value's lengths have been checked.
  init?(_ value: GGUF.Value) {
    guard value.isArray, value.type == .string else { return nil }
    bytes = value.bytes
    count = value.count
    offset = value.offset
  }

  struct Iterator: IteratorProtocol {
    fileprivate let bytes: UnsafeRawBufferPointer
    fileprivate var remaining: Int
    fileprivate var at = 0

    mutating func next() -> UnsafeRawBufferPointer? {
      guard remaining > 0 else { return nil }
      remaining -= 1
      let length = Int(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
      let start = at + 8
      at = start + length
      return UnsafeRawBufferPointer(rebasing: bytes[start..<at])
    }
  }

  func makeIterator() -> Iterator { Iterator(bytes: bytes, remaining: count) }
}
