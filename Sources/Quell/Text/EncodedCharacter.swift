/// The bytes of a character in UTF-8, one to four.
struct EncodedCharacter: Sequence, IteratorProtocol {
  /// The bytes still to come, the next one lowest.
  private var bytes: UInt32
  private var count: Int

  /// The bytes of a code point that is no surrogate.
  init(_ codePoint: UInt32) {
    func trailing(_ shift: UInt32) -> UInt32 { 0x80 | (codePoint >> shift) & 0x3f }
    switch codePoint {
    case 0..<0x80: (bytes, count) = (codePoint, 1)
    case 0x80..<0x800: (bytes, count) = (0xc0 | codePoint >> 6 | trailing(0) << 8, 2)
    case 0x800..<0x1_0000: (bytes, count) = (0xe0 | codePoint >> 12 | trailing(6) << 8 | trailing(0) << 16, 3)
    default: (bytes, count) = (0xf0 | codePoint >> 18 | trailing(12) << 8 | trailing(6) << 16 | trailing(0) << 24, 4)
    }
  }

  /// The first of the bytes still to come.
  var lead: UInt8 { UInt8(truncatingIfNeeded: bytes) }

  mutating func next() -> UInt8? {
    guard count > 0 else { return nil }
    defer {
      bytes >>= 8
      count -= 1
    }
    return lead
  }
}
