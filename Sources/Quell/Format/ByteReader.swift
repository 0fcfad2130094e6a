import CQuell

/// Reads little-endian numbers and lengths from untrusted bytes, front to back; never past the end.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  var remaining: Int { bytes.count - offset }

  mutating func uint32() throws(Failure) -> UInt32 { try number() }
  mutating func uint64() throws(Failure) -> UInt64 { try number() }

  /// A count or length that must fit in the rest of the file, each element taking at least `elementSize` bytes.
  mutating func count(elementSize: Int, of what: StaticString) throws(Failure) -> Int {
    let start = offset
    let count = try uint64()
    guard count <= UInt64(remaining / elementSize) else {
      throw Failure(QUELL_MALFORMED, "the file ends before ").then(what).then(" does; it may be truncated").at(start)
    }
    return Int(count)
  }

  /// The next `count` bytes.
  mutating func take(_ count: Int) throws(Failure) -> UnsafeRawBufferPointer {
    guard count <= remaining else { throw truncated() }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// A string: a 64-bit length and that many bytes.
  mutating func string(_ what: StaticString) throws(Failure) -> UnsafeRawBufferPointer {
    try take(count(elementSize: 1, of: what))
  }

  private mutating func number<Number: FixedWidthInteger>() throws(Failure) -> Number {
    let size = MemoryLayout<Number>.size
    guard size <= remaining else { throw truncated() }
    defer { offset += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  private func truncated() -> Failure {
    Failure(QUELL_MALFORMED, "the file ends in the middle of its header; it may be truncated").at(offset)
  }
}
