/// Bytes of a protobuf message under construction.
struct ProtobufBytes {
  private(set) var bytes: [UInt8] = []

  /// A field of bytes, text or a message.
  mutating func append(field: Int, _ content: some Collection<UInt8>) {
    append(field: field, length: content.count)
    bytes.append(contentsOf: content)
  }

  /// The beginning of a field of so many bytes, which follow.
  mutating func append(field: Int, length: Int) {
    appendVarint(UInt64(field) << 3 | 2)
    appendVarint(UInt64(length))
  }

  /// A field of a whole number.
  mutating func append(field: Int, number: UInt64) {
    appendVarint(UInt64(field) << 3)
    appendVarint(number)
  }

  /// A field of a single-precision number.
  mutating func append(field: Int, real: Float) {
    appendVarint(UInt64(field) << 3 | 5)
    withUnsafeBytes(of: real.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Bytes that are fields already.
  mutating func append(_ fields: some Sequence<UInt8>) {
    bytes.append(contentsOf: fields)
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
