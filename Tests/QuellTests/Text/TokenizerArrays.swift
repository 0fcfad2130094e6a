import Foundation

@testable import Quell

/// The keys of a tokenizer as bytes of any kind, right or wrong as a test asks.
struct TokenizerArrays {
  var tokens: [[UInt8]] = []
  var types: [Int32] = []
  var merges: [[UInt8]] = []
  var beginning: Int?
  var addsBeginning: Bool?
  var addsSpace: Bool?
  var normalizer: String?
  var normalizedTokens: [UInt32]?
  var vocabularySize = Int.max

  /// Opens the tokenizer for as long as `body` runs.
  func open<Result>(_ body: (Tokenizer) throws -> Result) throws -> Result {
    let memory = Memory()
    defer { withExtendedLifetime(memory) {} }
    return try body(open(in: memory))
  }

  private func open(in memory: Memory) throws -> Tokenizer {
    func array(_ type: GGUF.ValueType, _ count: Int, _ bytes: [UInt8]) -> GGUF.Value {
      GGUF.Value(type: type, isArray: true, count: count, bytes: UnsafeRawBufferPointer(memory.keep(bytes)), offset: 1000)
    }
    func packed(_ texts: [[UInt8]]) -> [UInt8] {
      texts.flatMap { text in withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text }
    }
    var keys = TokenizerKeys()
    keys.model = UnsafeRawBufferPointer(memory.keep(Array("gpt2".utf8)))
    keys.splitRule = UnsafeRawBufferPointer(memory.keep(Array("gpt-2".utf8)))
    keys.tokens = StringArray(array(.string, tokens.count, packed(tokens)))
    keys.types = WordArray(array(.int32, types.count, types.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }), of: .int32)
    keys.merges = StringArray(array(.string, merges.count, packed(merges)))
    keys.beginning = beginning
    keys.addsBeginning = addsBeginning
    keys.addsSpace = addsSpace
    keys.normalizer = normalizer.map { UnsafeRawBufferPointer(memory.keep(Array($0.utf8))) }
    keys.normalizedTokens = normalizedTokens.flatMap { list in
      WordArray(array(.uint32, list.count, list.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }), of: .uint32)
    }
    var counter = Arena()
    _ = try Tokenizer.open(keys, vocabularySize: vocabularySize, in: &counter)
    var arena = Arena(memory.keep([UInt8](repeating: 0xaa, count: try counter.requiredBytes())))
    guard let tokenizer = try Tokenizer.open(keys, vocabularySize: vocabularySize, in: &arena) else {
      throw Failure(0, "the memory that was asked for does not suffice")
    }
    return tokenizer
  }

  private final class Memory: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawBufferPointer] = []

    func keep(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: Arena.alignment)
      block.copyBytes(from: bytes)
      blocks.append(block)
      return block
    }

    deinit { blocks.forEach { $0.deallocate() } }
  }

  // MARK: The small models' tokenizer

  private static let smallMemory = Memory()

  /// The tokenizer of the small models, read without the importer.
  static let small = { () -> Tokenizer in
    let path = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Examples/Models/rwkv4-tiny/tokenizer.json")
    let file = try! JSONSerialization.jsonObject(with: Data(contentsOf: path.standardized)) as! [String: Any]
    let model = file["model"] as! [String: Any]
    let vocabulary = model["vocab"] as! [String: Int]
    let merges = model["merges"] as! [[String]]
    let arrays = TokenizerArrays(
      tokens: vocabulary.sorted { $0.value < $1.value }.map { Array($0.key.utf8) },
      types: [3] + [Int32](repeating: 1, count: vocabulary.count - 1), merges: merges.map { Array("\($0[0]) \($0[1])".utf8) })
    return try! arrays.open(in: smallMemory)
  }()
}
