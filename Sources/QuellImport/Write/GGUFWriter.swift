import Quell
import Synchronization

/// A tensor to be written.
public struct GGUFTensor {
  /// Is told of bytes of the source that are done with.
  public typealias Advance = (_ sourceBytes: Int) throws(ImportFailure) -> Void

  /// The name; tools of the ggml family want fewer than 64 bytes.
  public let name: String
  /// The shape as GGUF counts it: the contiguous axis first.
  public let dimensions: [Int]
  /// The type of the elements; rows are whole numbers of its blocks.
  public let type: WeightFormat
  /// How much progress the tensor stands for: the bytes that it is made of, where these are not its own.
  let sourceBytes: Int
  /// Writes all bytes; called once, when the tensor's turn has come.
  let produce: (TensorOutput, Advance) throws(ImportFailure) -> Void

  /// A tensor whose bytes are produced when they are written, by calls of ``TensorOutput/write(_:at:)``.
  public init(
    name: String, dimensions: [Int], type: WeightFormat, sourceBytes: Int? = nil,
    produce: @escaping (TensorOutput, Advance) throws(ImportFailure) -> Void
  ) {
    self.name = name
    self.dimensions = dimensions
    self.type = type
    self.sourceBytes = sourceBytes ?? dimensions.product / type.blockCount * type.blockBytes
    self.produce = produce
  }

  /// A tensor of single-precision numbers in memory.
  public init(name: String, dimensions: [Int], values: [Float]) {
    self.init(name: name, dimensions: dimensions, type: .f32) { output, advance throws(ImportFailure) in
      try output.write(values)
    }
  }

  /// What the file says of it: ternary numbers are bytes to GGUF.
  fileprivate var storedType: WeightFormat { type == .ternary ? .int8 : type }
  fileprivate var storedDimensions: [Int] {
    type == .ternary ? [dimensions[0] / type.blockCount * type.blockBytes] + dimensions.dropFirst() : dimensions
  }

  var byteCount: Int { dimensions.product / type.blockCount * type.blockBytes }
}

/// The place of a tensor in a file that is being written.
public final class TensorOutput: Sendable {
  private let name: String
  private let file: OutputFile
  private let start: Int
  private let count: Int
  private let written = Atomic(0)

  init(_ tensor: GGUFTensor, _ file: OutputFile, start: Int) {
    name = tensor.name
    self.file = file
    self.start = start
    count = tensor.byteCount
  }

  /// Writes bytes at a place of the tensor; each byte is written once, by any thread, in any order.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ImportFailure) {
    try claim(bytes.count, at: offset)
    try file.write(bytes, at: start + offset)
  }

  /// Memory for so many bytes of the tensor.
  func block(_ count: Int) -> BlockPool.Block { file.block(count) }

  /// Writes a block at a place of the tensor while the caller goes on.
  func write(_ block: BlockPool.Block, at offset: Int) throws(ImportFailure) {
    try claim(block.bytes.count, at: offset)
    try file.write(block, at: start + offset)
  }

  private func claim(_ bytes: Int, at offset: Int) throws(ImportFailure) {
    let total = written.add(bytes, ordering: .relaxed).newValue
    guard offset >= 0, offset <= count, bytes <= count - offset, total <= count else { throw wrongCount(total) }
  }

  /// Writes all of a tensor of single-precision numbers.
  public func write(_ values: [Float]) throws(ImportFailure) {
    var failure: ImportFailure?
    values.withUnsafeBytes { bytes in
      do throws(ImportFailure) { try write(bytes, at: 0) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  func finish() throws(ImportFailure) {
    let total = written.load(ordering: .relaxed)
    guard total == count else { throw wrongCount(total) }
  }

  private func wrongCount(_ total: Int) -> ImportFailure {
    .unwritable("Tensor \"\(name)\" gave \(total) bytes where its shape needs \(count).")
  }
}

/// Writes GGUF files, version 3.
public enum GGUFWriter {
  /// Every tensor begins at a multiple of this in the file.
  public static let alignment = 64

  /// Writes a file; it appears under its name only when it is complete.
  ///
  /// The keys must include `general.alignment` with ``alignment``. `progress` is told between pieces of data of some megabytes
  /// how many bytes of the source are done, and of how many; once it says no, nothing is left behind and the failure is of kind
  /// `cancelled`. `check` gets the path of the complete file before it has its name; what it throws, leaves nothing behind
  /// either.
  public static func write(
    to path: String, pairs: [GGUFPair], tensors: [GGUFTensor], progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true },
    check: (String) throws(ImportFailure) -> Void = { _ in }
  ) throws(ImportFailure) {
    var head = GGUFBytes()
    head.append(UInt32(0x4655_4747))
    head.append(UInt32(3))
    head.append(UInt64(tensors.count))
    head.append(UInt64(pairs.count))
    for pair in pairs { head.append(pair) }
    var offsets: [Int] = []
    var end = 0
    for tensor in tensors {
      offsets.append(end)
      head.append(tensor.name)
      head.append(UInt32(tensor.dimensions.count))
      for dimension in tensor.storedDimensions { head.append(UInt64(dimension)) }
      head.append(tensor.storedType.rawValue)
      head.append(UInt64(end))
      end += aligned(tensor.byteCount)
    }
    let start = aligned(head.bytes.count)
    let file = try OutputFile(path: path, count: start + end)
    // Whatever happens, nobody is still writing when this returns.
    defer { try? file.settle() }
    try file.write(head.bytes, at: 0)
    let total = tensors.reduce(0) { $0 + $1.sourceBytes }
    var done = 0
    func advance(_ count: Int) throws(ImportFailure) {
      done += count
      if !progress(done, total) { throw .cancelled }
    }
    try advance(0)
    for (tensor, offset) in zip(tensors, offsets) {
      let output = TensorOutput(tensor, file, start: start + offset)
      let before = done
      try tensor.produce(output, advance)
      try output.finish()
      try advance(before + tensor.sourceBytes - done)
    }
    try file.finish(check)
  }

  private static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
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
    case .encoded(let value):
      bytes += value
    }
  }

  private mutating func begin(_ kind: Kind, _ count: Int) {
    append(Kind.array.rawValue)
    append(kind.rawValue)
    append(UInt64(count))
  }
}
