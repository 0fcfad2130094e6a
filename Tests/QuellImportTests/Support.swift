import Foundation
import Quell
import Testing

@testable import QuellImport

/// The folder of fixtures.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

/// A folder of its own for a test, removed at the end of `body`.
func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quell-import-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// A model with the tokens and logits of its source.
struct Fixture {
  let path: String
  let tokens: [UInt32]
  let logits: [[Float]]

  init(_ name: String) throws {
    let folder = fixtures.appendingPathComponent(name)
    path = folder.appendingPathComponent("model.onnx").path
    tokens = try JSONDecoder().decode([UInt32].self, from: Data(contentsOf: folder.appendingPathComponent("tokens.json")))
    let bytes = try Data(contentsOf: folder.appendingPathComponent("logits.f32"))
    let numbers = bytes.withUnsafeBytes { buffer in
      (0..<(buffer.count / 4)).map { buffer.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
    let count = numbers.count / tokens.count
    logits = tokens.indices.map { Array(numbers[($0 * count)..<(($0 + 1) * count)]) }
  }
}

/// The logits after each token.
func run(_ path: String, _ tokens: [UInt32], contextLength: Int = 0) throws -> [[Float]] {
  let session = try Session(Model(path: path), contextLength: contextLength)
  return try tokens.map { token in
    try session.step(token)
    return Array(session.logits)
  }
}

/// The failure of an import, or nil where it succeeds.
func importFailure(_ from: String, _ to: String, _ options: ImportOptions = ImportOptions()) -> ImportFailure? {
  do throws(ImportFailure) {
    try importONNX(from: from, to: to, options: options)
    return nil
  } catch {
    return error
  }
}

/// The failure of a conversion, or nil where it succeeds.
func conversionFailure(_ from: String, _ to: String, _ options: ConversionOptions) -> ImportFailure? {
  do throws(ImportFailure) {
    try convertModel(from: from, to: to, options: options)
    return nil
  } catch {
    return error
  }
}

extension [Float] {
  /// Where the greatest number is.
  var argMax: Int { indices.max { self[$0] < self[$1] } ?? 0 }
}

/// Imports a graph and gives the logits after each token.
func logits(_ graph: GraphBuilder, _ tokens: [UInt32]) throws -> [[Float]] {
  try withFolder { folder in
    let input = folder.appendingPathComponent("graph.onnx")
    try graph.model.write(to: input)
    let output = folder.appendingPathComponent("graph.gguf").path
    try importONNX(from: input.path, to: output)
    return try run(output, tokens, contextLength: 8)
  }
}

/// Why a graph is refused.
func failure(_ graph: GraphBuilder) throws -> ImportFailure {
  try withFolder { folder in
    let input = folder.appendingPathComponent("graph.onnx")
    try graph.model.write(to: input)
    return try #require(importFailure(input.path, folder.appendingPathComponent("graph.gguf").path))
  }
}
