import CQuell
import Foundation
import RandomNumbers
import Testing

@testable import Quell

/// Opens the bytes and, where they are accepted, runs two steps; returns the failure where they are not.
@discardableResult
private func tryToRun(_ data: Data) -> Failure? {
  let bytes = AlignedBytes(data)
  defer { withExtendedLifetime(bytes) {} }
  do throws(Failure) {
    let session = try Session(Model(bytes: UnsafeRawBufferPointer(bytes.bytes)), contextLength: 2)
    try session.step(0)
    try session.step(1)
    return nil
  } catch {
    return error
  }
}

/// A file that is wrong in one way, and what its message must say.
struct WrongFile: Sendable, CustomTestStringConvertible {
  let name: String
  let status: Int
  let says: String
  let change: @Sendable (inout TinyModel) -> Void

  var testDescription: String { name }

  init(_ name: String, _ status: Int = QUELL_MALFORMED, says: String, _ change: @escaping @Sendable (inout TinyModel) -> Void) {
    self.name = name
    self.status = status
    self.says = says
    self.change = change
  }
}

private let wrongFiles: [WrongFile] = [
  WrongFile("wrong magic", says: "not a GGUF") { $0.file.magic = Data("GGJT".utf8) },
  WrongFile("older version", QUELL_UNSUPPORTED, says: "version 2") { $0.file.version = 2 },
  WrongFile("other endianness", QUELL_UNSUPPORTED, says: "version 50331648") { $0.file.version = 3 << 24 },
  WrongFile("a llama model", QUELL_UNSUPPORTED, says: "not of a Quell model") { $0.file["general.architecture"] = .string("llama") },
  WrongFile("a newer format", QUELL_UNSUPPORTED, says: "format 2") { $0.file["quell.version"] = .uint32(2) },
  WrongFile("other alignment", QUELL_UNSUPPORTED, says: "general.alignment") { $0.file["general.alignment"] = .uint32(32) },
  WrongFile("no program", says: "quell.operations") { $0.file["quell.operations"] = nil },
  WrongFile("no vocabulary size", says: "quell.vocabulary_size") { $0.file["quell.vocabulary_size"] = nil },
  WrongFile("a key of the wrong type", says: "wrong type") { $0.file["quell.state_size"] = .string("12") },
  WrongFile("an array where a number belongs", says: "wrong type") { $0.file["quell.logits"] = .uint32s([1]) },
  WrongFile("a key twice", says: "twice") { $0.file.keys.append(("quell.logits", .uint32(1))) },
  WrongFile("half an operation", says: "whole groups of 8") { $0.file["quell.operations"] = .uint32s([1, 2, 3]) },
  WrongFile("unknown operation", QUELL_UNSUPPORTED, says: "operation 0") { $0.setWord(0, of: 0, to: 99) },
  WrongFile("unknown function", QUELL_UNSUPPORTED, says: "operation 10") { $0.setWord(1, of: 10, to: 12) },
  // Values 1 and 2 are vectors of 12, x and place.
  WrongFile("a wide position", says: "a position is one number") { $0.setOperation(0, .position(result: 1)) },
  WrongFile("an order that reaches too far", says: "reaches out of its source") {
    $0.setOperation(1, .arrange(source: 1, Arrangement(rows: 3, columns: 2, blockStep: 0, rowStep: 4, columnStep: 4), result: 2))
  },
  WrongFile("an order within its result", says: "overlaps the result") {
    $0.setOperation(1, .arrange(source: 1, Arrangement(rows: 3, columns: 4, blockStep: 0, rowStep: 1, columnStep: 3), result: 1))
  },
  WrongFile("a choice of another length", says: "differ in length") {
    $0.setOperation(1, .choose(condition: 1, left: 1, right: 6, result: 2))
  },
  WrongFile("a reduction of halves", says: "does not divide its source") {
    $0.setOperation(1, .reduce(.sum, source: 1, inner: 5, result: 2))
  },
  WrongFile("no such value", says: "no such value") { $0.setWord(4, of: 0, to: 1000) },
  WrongFile("index of 2^32 - 1", says: "no such value") { $0.setWord(4, of: 0, to: .max) },
  WrongFile("no such tensor", says: "no such tensor") { $0.setWord(1, of: 0, to: 1000) },
  WrongFile("writing to a weight", says: "the result is a weight") { $0.setWord(4, of: 2, to: $0.weightValue) },
  WrongFile("row of the wrong length", says: "another length") { $0.setWord(1, of: 0, to: 6) },
  WrongFile("too few rows", says: "too few rows") { $0.setWord(3, of: 1, to: 3) },
  WrongFile("vectors of different lengths", says: "differ in length") { $0.setWord(3, of: 2, to: 6) },
  WrongFile("infinite epsilon", says: "impossible") { $0.setWord(5, of: 3, to: Float.infinity.bitPattern) },
  WrongFile("no such site", says: "no such site") { $0.setWord(1, of: 8, to: 4) },
  WrongFile("a site twice", says: "twice") { $0.setWord(1, of: 12, to: 0) },
  WrongFile("a linear before any events", says: "before any list") { $0.exchange(8, 9) },
  WrongFile("matrix of the wrong shape", says: "does not fit") { $0.setWord(1, of: 9, to: 8) },
  WrongFile("a chain of nothing", says: "has no operations") { $0.insertChain(at: 4, count: 0) },
  WrongFile("a chain beyond the end", says: "more than there are") { $0.insertChain(at: 22, count: 2) },
  WrongFile("a chain without end", says: "more than there are") { $0.insertChain(at: 4, count: .max) },
  WrongFile("a chain of another length", says: "another length") { $0.insertChain(at: 4, count: 3, elements: 11) },
  WrongFile("a chain of chains", says: "not elementwise") {
    $0.insertChain(at: 4, count: 1)
    $0.insertChain(at: 4, count: 2)
  },
  WrongFile("a chain around a normalisation", says: "not elementwise") { $0.insertChain(at: 2, count: 2) },
  WrongFile("a chain that goes on after events", says: "not elementwise") { $0.insertChain(at: 7, count: 3) },
  WrongFile("a chain that reads across its tiles", says: "overlaps the result") {
    $0.shiftMixed()
    $0.insertChain(at: 4, count: 2)
  },
  WrongFile("heads that do not divide", says: "do not fit together") { $0.setWord(5, of: 19, to: 5) },
  WrongFile("no heads", says: "impossible") { $0.setWord(5, of: 19, to: 0) },
  WrongFile("no such cache", says: "impossible") { $0.setWord(4, of: 19, to: 1) },
  WrongFile("cache that does not divide", says: "does not divide") { $0.file["quell.caches"] = .uint32s([12, 12, 5]) },
  WrongFile("cache without heads", says: "does not divide") { $0.file["quell.caches"] = .uint32s([12, 12, 0]) },
  WrongFile("scratch too small", says: "out of its storage") { $0.file["quell.scratch_size"] = .uint32(30) },
  WrongFile("state too small", says: "out of its storage") { $0.file["quell.state_size"] = .uint32(11) },
  WrongFile("scratch without end", says: "twice the file") { $0.file["quell.scratch_size"] = .uint32(0x7fff_ffff) },
  WrongFile("fill beyond the state", says: "out of the state") { $0.file["quell.state_fill"] = .uint32s([10, 3, 0]) },
  WrongFile("fill that wraps", says: "out of the state") { $0.file["quell.state_fill"] = .uint32s([.max, 2, 0]) },
  WrongFile("vocabulary of none", says: "zero") { $0.file["quell.vocabulary_size"] = .uint32(0) },
  WrongFile("logits of another length", says: "vocabulary size") { $0.file["quell.vocabulary_size"] = .uint32(10) },
  WrongFile("logits that are nowhere", says: "names no value") { $0.file["quell.logits"] = .uint32(999) },
  WrongFile("a threshold that is no number", says: "block.value") { $0.file["quell.thresholds"] = .float32s([0, .nan, 0, 0]) },
  WrongFile("a negative threshold", says: "block.key") { $0.file["quell.thresholds"] = .float32s([-1, 0, 0, 0]) },
  WrongFile("a site too few", says: "differ in length") { $0.file["quell.thresholds"] = .float32s([0, 0, 0]) },
  WrongFile("unknown storage", says: "unknown storage") { $0.setStorage(of: 0, to: 3) },
  WrongFile("unknown tensor type", QUELL_UNSUPPORTED, says: "GGUF type 7") { $0.file.tensors[0].type = 7 },
  WrongFile("integers without a scale", says: "scale") { $0.file.tensors[0].type = 24 },
  WrongFile("floats with a scale", says: "scale") { $0.setWord(5, of: 0, to: $0.weightValue) },
  WrongFile("half a block", says: "blocks of 32") { $0.file.tensors[0].type = 2 },
  WrongFile("blocks past the end", says: "past the end") {
    ($0.file.tensors[0].type, $0.file.tensors[0].dimensions) = (2, [0x7fff_ffe0, 0x7fff_ffff])
  },
  WrongFile("a scale too short", says: "scale") {
    $0 = TinyModel(format: .int8)
    $0.setWord(4, of: 9, to: $0.word(5, of: 0))
  },
  WrongFile("a scale that changes", says: "scale") {
    $0 = TinyModel(format: .int8)
    $0.setWord(5, of: 0, to: $0.word(5, of: 22))
  },
  WrongFile("three dimensions", QUELL_UNSUPPORTED, says: "3 dimensions") { $0.file.tensors[0].dimensions = [4, 3, 11] },
  WrongFile("dimension of zero", says: "impossible dimension") { $0.file.tensors[0].dimensions = [0, 11] },
  WrongFile("dimensions that overflow", says: "past the end") { $0.file.tensors[0].dimensions = [0x7fff_ffff, 0x7fff_ffff] },
  WrongFile("dimension of 2^63", says: "impossible dimension") { $0.file.tensors[0].dimensions = [1 << 63, 2] },
]

extension TinyModel {
  /// The index of a value that is a weight: the gain of the normalisation.
  fileprivate var weightValue: UInt32 { word(3, of: 3) }

  private var words: [UInt32] {
    guard case .uint32s(let words)? = file["quell.operations"] else { return [] }
    return words
  }

  fileprivate func word(_ index: Int, of operation: Int) -> UInt32 { words[8 * operation + index] }

  fileprivate mutating func setWord(_ index: Int, of operation: Int, to word: UInt32) {
    var changed = words
    changed[8 * operation + index] = word
    file["quell.operations"] = .uint32s(changed)
  }

  fileprivate mutating func setOperation(_ index: Int, _ operation: Quell.Operation) {
    var word = 0
    operation.encode {
      setWord(word, of: index, to: $0)
      word += 1
    }
  }

  fileprivate mutating func insertChain(at operation: Int, count: UInt32, elements: Int = TinyModel.width) {
    var changed = words
    changed.insert(contentsOf: [9, count, UInt32(elements), 0, 0, 0, 0, 0], at: 8 * operation)
    file["quell.operations"] = .uint32s(changed)
  }

  /// Lets the second multiplication read a vector that begins one number before the result of the first.
  fileprivate mutating func shiftMixed() {
    guard case .uint32s(var values)? = file["quell.values"] else { return }
    let mixed = Int(word(4, of: 4))
    setWord(2, of: 5, to: UInt32(values.count / 3))
    values += [values[3 * mixed], values[3 * mixed + 1] - 1, values[3 * mixed + 2]]
    file["quell.values"] = .uint32s(values)
  }

  fileprivate mutating func exchange(_ left: Int, _ right: Int) {
    var changed = words
    for index in 0..<8 { changed.swapAt(8 * left + index, 8 * right + index) }
    file["quell.operations"] = .uint32s(changed)
  }

  fileprivate mutating func setStorage(of value: Int, to storage: UInt32) {
    guard case .uint32s(var values)? = file["quell.values"] else { return }
    values[3 * value] = storage
    file["quell.values"] = .uint32s(values)
  }
}

@Suite struct ModelFileTests {
  @Test func theTinyModelIsRight() {
    #expect(tryToRun(TinyModel().file.build()) == nil)
  }

  @Test func chainsOfTheTinyModelAreRight() {
    var tiny = TinyModel()
    tiny.insertChain(at: 10, count: 3, elements: TinyModel.hidden)
    tiny.insertChain(at: 4, count: 5)
    #expect(tryToRun(tiny.file.build()) == nil)
    // Apart from a chain, a vector may be read at any place.
    var shifted = TinyModel()
    shifted.shiftMixed()
    #expect(tryToRun(shifted.file.build()) == nil)
  }

  @Test(arguments: wrongFiles) func eachWrongFileHasItsMessage(_ wrong: WrongFile) throws {
    var tiny = TinyModel()
    wrong.change(&tiny)
    let failure = try #require(tryToRun(tiny.file.build()))
    #expect(failure.status == quell_status(wrong.status), "\(failure)")
    #expect(failure.description.contains(wrong.says), "\(failure)")
  }

  @Test func everyTruncationIsRefused() {
    let file = TinyModel().file.build()
    // The padding after the last tensor is not needed.
    let needed = file.count
    for length in 0..<needed where tryToRun(file.prefix(length)) == nil {
      Issue.record("\(length) bytes of \(needed) were accepted")
    }
  }

  /// A damaged file may still be a right one, with other weights; it must never be run out of its memory.
  @Test func damagedFilesAreRefusedOrRun() {
    let file = TinyModel().file.build()
    var random = SplitMix(state: 11)
    var refused = 0
    for index in file.indices {
      var damaged = file
      damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      if tryToRun(damaged) != nil { refused += 1 }
    }
    for _ in 0..<5000 {
      var damaged = file
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        damaged[Int.random(in: 0..<file.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if tryToRun(damaged) != nil { refused += 1 }
    }
    #expect(refused > 1000)
  }

  @Test func whatIsNoModelHasAMessageThatNamesTheFile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "quell-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func failure(_ name: String, _ content: Data?) throws -> Failure {
      let path = folder.appending(path: name).path
      if let content { try content.write(to: URL(filePath: path)) }
      return try #require(throws: Failure.self) { try Model(path: path) }
    }
    let missing = try failure("missing.gguf", nil)
    #expect(missing.status == quell_status(QUELL_FILE_UNREADABLE) && missing.description.contains("missing.gguf"))
    let empty = try failure("empty.gguf", Data())
    #expect(empty.status == quell_status(QUELL_MALFORMED) && empty.description.contains("empty"))
    let text = try failure("text.gguf", Data("Once upon a time".utf8))
    #expect(text.status == quell_status(QUELL_MALFORMED))
    let directory = try #require(throws: Failure.self) { try Model(path: folder.path) }
    #expect(directory.status == quell_status(QUELL_FILE_UNREADABLE) && directory.description.contains("not a regular file"))
    let model = folder.appending(path: "tiny.gguf").path
    try TinyModel().file.build().write(to: URL(filePath: model))
    let session = try Session(Model(path: model))
    try session.step(1)
    #expect(session.logits.count == TinyModel.vocabulary)
  }

  @Test func operationsSurviveTheirEncoding() {
    let operations: [Quell.Operation] = [
      .row(table: 1, source: .position, add: 2, result: 3, scale: nil),
      .row(table: 1, source: .token, add: 0, result: 3, scale: 0), .copy(source: 4, result: 5), .unary(.sigmoid, source: 1, result: 2),
      .binary(.maximum, left: 1, right: 2, result: 3),
      .normalize(.layer, source: 1, gain: nil, bias: 7, epsilon: 1e-5, result: 2), .events(site: 8, source: 9),
      .linear(matrix: 1, layout: .outputMajor, bias: nil, scale: 8, result: 2),
      .linear(matrix: 1, layout: .inputMajor, bias: 0, scale: nil, result: 2),
      .attention(query: 1, key: 2, value: 3, cache: 4, heads: 5, scale: 0.125, result: 6),
      .position(result: 3), .choose(condition: 1, left: 2, right: 3, result: 4), .reduce(.maximum, source: 1, inner: 2, result: 3),
      .arrange(source: 1, Arrangement(rows: 2, columns: 3, blockStep: 4, rowStep: 5, columnStep: 6), result: 7),
    ]
    for operation in operations {
      var words: [UInt32] = []
      operation.encode { words.append($0) }
      #expect(words.count == Quell.Operation.wordCount)
      #expect(Quell.Operation(decoding: { words[$0] }) == operation)
    }
  }
}

@Suite struct MessageTests {
  @Test func messagesAreOneLineOfWholeCharacters() {
    var message = Message("value ")
    message.append(-12)
    message.append(": ")
    Array("a\nb\u{0}é".utf8).withUnsafeBytes { message.append($0) }
    #expect(message.description == "value -12: a?b?é")
    var long = Message()
    for _ in 0..<200 { Array("é€𝄞".utf8).withUnsafeBytes { long.append($0) } }
    #expect(long.count > 250 && long.count <= 255)
    #expect(!long.description.contains("\u{fffd}"))
    var number = Message()
    number.append(UInt64.max)
    #expect(number.description == "18446744073709551615")
  }
}
