/// A tensor to be written.
public struct GGUFTensor {
  /// The types of elements that the model file uses.
  public enum ElementType: UInt32, Sendable {
    /// Single precision.
    case f32 = 0
    /// Half precision.
    case f16 = 1

    /// Bytes of one element.
    public var size: Int { self == .f32 ? 4 : 2 }
  }

  /// Takes the next bytes of a tensor.
  public typealias Sink = (UnsafeRawBufferPointer) throws(ImportFailure) -> Void

  /// The name; tools of the ggml family want fewer than 64 bytes.
  public let name: String
  /// The shape as GGUF counts it: the contiguous axis first.
  public let dimensions: [Int]
  /// The type of the elements.
  public let type: ElementType
  /// How much progress the tensor stands for: the bytes that it is made of, where these are not its own.
  let sourceBytes: Int
  /// Hands all bytes to the sink, in order; called once, when the tensor's turn has come.
  let produce: (Sink) throws(ImportFailure) -> Void

  /// A tensor whose bytes are produced when they are written.
  public init(
    name: String, dimensions: [Int], type: ElementType, sourceBytes: Int? = nil,
    produce: @escaping (Sink) throws(ImportFailure) -> Void
  ) {
    self.name = name
    self.dimensions = dimensions
    self.type = type
    self.sourceBytes = sourceBytes ?? dimensions.product * type.size
    self.produce = produce
  }

  /// A tensor of single-precision numbers in memory.
  public init(name: String, dimensions: [Int], values: [Float]) {
    self.init(name: name, dimensions: dimensions, type: .f32) { sink throws(ImportFailure) in
      var failure: ImportFailure?
      values.withUnsafeBytes { bytes in
        do throws(ImportFailure) { try sink(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  var byteCount: Int { dimensions.product * type.size }
}

/// Writes GGUF files, version 3.
public enum GGUFWriter {
  /// Every tensor begins at a multiple of this in the file.
  public static let alignment = 64

  /// Writes a file; it appears under its name only when it is complete.
  ///
  /// The keys must include `general.alignment` with ``alignment``. `progress` is told between pieces of data of a few
  /// megabytes how many bytes are done, and of how many; once it says no, nothing is left behind and the failure is of kind
  /// `cancelled`. `check` gets the path of the
  /// complete file before it has its name; what it throws, leaves nothing behind either.
  public static func write(
    to path: String, pairs: [GGUFPair], tensors: [GGUFTensor], progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true },
    check: (String) throws(ImportFailure) -> Void = { _ in }
  ) throws(ImportFailure) {
    let file = try OutputFile(path: path)
    var head = GGUFBytes()
    head.append(UInt32(0x4655_4747))
    head.append(UInt32(3))
    head.append(UInt64(tensors.count))
    head.append(UInt64(pairs.count))
    for pair in pairs { head.append(pair) }
    var offset = 0
    for tensor in tensors {
      head.append(tensor.name)
      head.append(UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { head.append(UInt64(dimension)) }
      head.append(tensor.type.rawValue)
      head.append(UInt64(offset))
      offset += (tensor.byteCount + alignment - 1) / alignment * alignment
    }
    try file.write(head.bytes)
    try file.pad(to: alignment)
    let total = tensors.reduce(0) { $0 + $1.sourceBytes }
    var before = 0
    for tensor in tensors {
      let start = file.count
      try withoutActuallyEscaping(progress) { progress throws(ImportFailure) in
        try tensor.produce { bytes throws(ImportFailure) in
          let share = Double(file.count - start) / Double(max(tensor.byteCount, 1))
          guard progress(before + Int(share * Double(tensor.sourceBytes)), total) else {
            throw ImportFailure(.cancelled, "The import was cancelled.")
          }
          try file.write(bytes)
        }
      }
      before += tensor.sourceBytes
      guard file.count - start == tensor.byteCount else {
        throw .unwritable("Tensor \"\(tensor.name)\" gave \(file.count - start) bytes where its shape needs \(tensor.byteCount).")
      }
      try file.pad(to: alignment)
    }
    try file.finish(check)
  }
}

/// Bytes in the encoding of GGUF: little-endian numbers, texts with their length in front.
struct GGUFBytes {
  private enum Kind: UInt32 {
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
  }

  private(set) var bytes: [UInt8] = []

  mutating func append<T: FixedWidthInteger>(_ number: T) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ pair: GGUFPair) {
    append(pair.key)
    switch pair.value {
    case .uint32(let number):
      append(Kind.uint32.rawValue)
      append(number)
    case .int32(let number):
      append(Kind.int32.rawValue)
      append(number)
    case .float32(let number):
      append(Kind.float32.rawValue)
      append(number.bitPattern)
    case .bool(let flag):
      append(Kind.bool.rawValue)
      bytes.append(flag ? 1 : 0)
    case .string(let text):
      append(Kind.string.rawValue)
      append(text)
    case .uint32Array(let numbers):
      begin(.uint32, numbers.count)
      for number in numbers { append(number) }
    case .int32Array(let numbers):
      begin(.int32, numbers.count)
      for number in numbers { append(number) }
    case .float32Array(let numbers):
      begin(.float32, numbers.count)
      for number in numbers { append(number.bitPattern) }
    case .stringArray(let texts):
      begin(.string, texts.count)
      for text in texts { append(text) }
    }
  }

  private mutating func begin(_ kind: Kind, _ count: Int) {
    append(Kind.array.rawValue)
    append(kind.rawValue)
    append(UInt64(count))
  }
}
