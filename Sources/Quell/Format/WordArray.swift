/// An array of 32-bit numbers of a file, read where it stands, whatever its alignment.
struct WordArray {
  private let bytes: UnsafeRawBufferPointer
  /// How many numbers.
  let count: Int
  /// Where it begins in the file.
  let offset: Int

  private init(bytes: UnsafeRawBufferPointer, count: Int, offset: Int) {
    self.bytes = bytes
    self.count = count
    self.offset = offset
  }

  /// The array in a metadata value, or nil where the value is something else. The type is one of 4 bytes.
  init?(_ value: GGUF.Value, of type: GGUF.ValueType) {
    guard value.isArray, value.type == type else { return nil }
    self.init(bytes: value.bytes, count: value.count, offset: value.offset)
  }

  subscript(index: Int) -> UInt32 {
    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
  }
}
