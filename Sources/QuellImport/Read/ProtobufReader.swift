/// Reads the fields of one protobuf message inside a larger buffer, without copying.
///
/// Positions are offsets into the buffer, so that a field's bytes can be kept as a range of the file.
struct ProtobufReader {
  /// What a field carries.
  enum Payload {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes(Range<Int>)
    case fixed32(UInt32)
  }

  let buffer: UnsafeRawBufferPointer
  private(set) var position: Int
  private let end: Int

  init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.buffer = buffer
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(ImportFailure) -> (number: Int, payload: Payload)? {
    guard position < end else { return nil }
    let start = position
    let tag = try varint()
    guard tag >> 3 != 0, tag >> 3 < 1 << 29 else { throw malformed("a field number out of range", at: start) }
    let number = Int(tag >> 3)
    switch tag & 7 {
    case 0:
      return (number, .varint(try varint()))
    case 1:
      return (number, .fixed64(UInt64(littleEndian: try fixed(UInt64.self))))
    case 2:
      let count = try varint()
      guard count <= UInt64(end - position) else { throw malformed("a length beyond the end of its message", at: start) }
      let range = position..<(position + Int(count))
      position = range.upperBound
      return (number, .bytes(range))
    case 5:
      return (number, .fixed32(UInt32(littleEndian: try fixed(UInt32.self))))
    default:
      throw malformed("a field of unknown wire type", at: start)
    }
  }

  /// Whether the message has been read to its end; for packed numbers.
  var isAtEnd: Bool { position >= end }

  /// A number of at most 64 bits in base 128.
  mutating func varint() throws(ImportFailure) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 64 {
      let byte = buffer[position]
      position += 1
      result |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return result }
      shift += 7
    }
    throw malformed("a number that does not end", at: position)
  }

  /// A number of fixed width, in the byte order of the file.
  mutating func fixed<T: FixedWidthInteger>(_ type: T.Type) throws(ImportFailure) -> T {
    guard end - position >= MemoryLayout<T>.size else { throw malformed("a number that ends early", at: position) }
    defer { position += MemoryLayout<T>.size }
    return buffer.loadUnaligned(fromByteOffset: position, as: type)
  }

  private func malformed(_ what: String, at byte: Int) -> ImportFailure {
    .malformed("Not an ONNX model, or a damaged one: \(what) at byte \(byte).")
  }
}

extension UnsafeRawBufferPointer {
  /// The text in a range of the buffer.
  func text(_ range: Range<Int>) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: self[range]), as: UTF8.self)
  }
}
