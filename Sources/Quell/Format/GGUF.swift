import CQuell

/// The outline of a GGUF file: where its metadata and tensors stand. Nothing is copied.
///
/// The format is that of the ggml project's docs/gguf.md, version 3, little-endian.
struct GGUF {
  /// The type of a metadata value.
  enum ValueType: UInt32 {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of a value of fixed size; for a string or an array, the least it takes.
    var size: Int {
      switch self {
      case .uint8, .int8, .bool: 1
      case .uint16, .int16: 2
      case .uint32, .int32, .float32: 4
      case .string, .uint64, .int64, .float64: 8
      case .array: 12
      }
    }
  }

  /// A metadata value as it stands in the file.
  struct Value {
    /// The type, or that of the elements of an array.
    let type: ValueType
    let isArray: Bool
    /// Elements of the array, 1 for a single value.
    let count: Int
    /// The value's bytes.
    let bytes: UnsafeRawBufferPointer
    /// Where they begin in the file.
    let offset: Int
  }

  /// What the file says of a tensor.
  struct TensorEntry {
    let name: UnsafeRawBufferPointer
    let dimensions: (Int, Int)
    let rank: Int
    let type: UInt32
    /// From the beginning of the tensor data.
    let dataOffset: UInt64
    /// Where the entry begins in the file.
    let offset: Int
  }

  static let magic: UInt32 = 0x4655_4747
  static let version: UInt32 = 3
  static let maximumTensorCount = 1 << 16
  static let maximumKeyCount = 1 << 12

  let bytes: UnsafeRawBufferPointer
  let tensorCount: Int
  let keyCount: Int
  private let metadataOffset: Int

  /// Reads the counts at the front of a file.
  init(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    var reader = ByteReader(bytes)
    guard bytes.count >= 4, try reader.uint32() == GGUF.magic else {
      throw Failure(QUELL_MALFORMED, "not a GGUF file: it does not begin with the letters GGUF").at(0)
    }
    let version = try reader.uint32()
    guard version == GGUF.version else {
      throw Failure(QUELL_UNSUPPORTED, "GGUF version ").then(Int(clamping: version)).then(" is not supported; version 3 is").at(4)
    }
    tensorCount = try reader.count(elementSize: 32, of: "its list of tensors")
    keyCount = try reader.count(elementSize: 13, of: "its list of keys")
    guard tensorCount <= GGUF.maximumTensorCount, keyCount <= GGUF.maximumKeyCount else {
      throw Failure(QUELL_MALFORMED, "the header counts more tensors or keys than a model can have").at(8)
    }
    self.bytes = bytes
    metadataOffset = reader.offset
  }

  /// Calls `visit` with every key and value in the file's order; returns a reader at the first byte after them.
  func forEachKey(_ visit: (_ key: UnsafeRawBufferPointer, _ value: Value) throws(Failure) -> Void) throws(Failure) -> ByteReader {
    var reader = ByteReader(bytes, at: metadataOffset)
    for _ in 0..<keyCount {
      let key = try reader.string("a key")
      try visit(key, GGUF.value(&reader, key: key))
    }
    return reader
  }

  /// Calls `visit` with every tensor; `reader` is the one that ``forEachKey(_:)`` returned, and stands after the last tensor then.
  func forEachTensor(_ reader: inout ByteReader, _ visit: (_ index: Int, TensorEntry) throws(Failure) -> Void) throws(Failure) {
    for index in 0..<tensorCount {
      let start = reader.offset
      let name = try reader.string("the name of a tensor")
      let rank = try reader.uint32()
      guard rank == 1 || rank == 2 else {
        throw Failure(QUELL_UNSUPPORTED, "tensor '").then(name).then("' has ").then(Int(clamping: rank)).then(
          " dimensions; 1 or 2 can be used"
        )
        .at(start)
      }
      var dimensions = (0, 1)
      dimensions.0 = try GGUF.dimension(&reader, of: name)
      if rank == 2 { dimensions.1 = try GGUF.dimension(&reader, of: name) }
      let type = try reader.uint32()
      let dataOffset = try reader.uint64()
      try visit(
        index, TensorEntry(name: name, dimensions: dimensions, rank: Int(rank), type: type, dataOffset: dataOffset, offset: start))
    }
  }

  private static func dimension(_ reader: inout ByteReader, of name: UnsafeRawBufferPointer) throws(Failure) -> Int {
    let start = reader.offset
    let dimension = try reader.uint64()
    guard dimension > 0, dimension <= UInt64(Int32.max) else {
      throw Failure(QUELL_MALFORMED, "tensor '").then(name).then("' has an impossible dimension").at(start)
    }
    return Int(dimension)
  }

  private static func value(_ reader: inout ByteReader, key: UnsafeRawBufferPointer) throws(Failure) -> Value {
    var type = try valueType(&reader, key: key)
    let isArray = type == .array
    var count = 1
    if isArray {
      type = try valueType(&reader, key: key)
      guard type != .array else {
        throw Failure(QUELL_UNSUPPORTED, "key '").then(key).then("' holds an array of arrays").at(reader.offset)
      }
      count = try reader.count(elementSize: type.size, of: "an array")
    }
    let start = reader.offset
    if type == .string {
      for _ in 0..<count { _ = try reader.string("a string") }
    } else {
      _ = try reader.take(count * type.size)
    }
    let bytes = UnsafeRawBufferPointer(rebasing: reader.bytes[start..<reader.offset])
    return Value(type: type, isArray: isArray, count: count, bytes: bytes, offset: start)
  }

  private static func valueType(_ reader: inout ByteReader, key: UnsafeRawBufferPointer) throws(Failure) -> ValueType {
    let start = reader.offset
    guard let type = ValueType(rawValue: try reader.uint32()) else {
      throw Failure(QUELL_MALFORMED, "key '").then(key).then("' has an unknown type").at(start)
    }
    return type
  }
}
