import Foundation
import Quell
import QuellImport

extension HostFileReader {
  /// The graph is imported, with a file of weights beside it where there is one, and takes tokens.
  func useGraph(_ bytes: [UInt8]) throws {
    guard bytes.first == 0, bytes.count >= 3 else { return try withFile(bytes, "model.onnx", useGraph(at:)) }
    let size = min(Int(bytes[1]) | Int(bytes[2]) << 8, bytes.count - 3)
    try withFile(bytes[3..<3 + size], "weights.bin") { _ in try withFile(bytes[(3 + size)...], "model.onnx", useGraph(at:)) }
  }

  private func useGraph(at path: String) throws {
    let output = folder.appendingPathComponent("model.gguf").path
    defer { unlink(output) }
    try importONNX(from: path, to: output)
    let model = try Model(path: output)
    let session = try Session(model, contextLength: model.contextLength == 0 ? 4 : min(4, model.contextLength))
    for token in [0, UInt32(model.vocabularySize - 1)].prefix(session.capacity) { try session.step(token) }
    guard session.logits.count == model.vocabularySize else { throw Violation("\(session.logits.count) logits") }
  }
}
