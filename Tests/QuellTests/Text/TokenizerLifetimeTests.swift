import Foundation
import Testing

@testable import Quell

@Suite struct TokenizerLifetimeTests {
  /// A file with the tokenizer of three tokens.
  private func writeModel() throws -> URL {
    var tiny = TinyModel()
    tiny.file["tokenizer.ggml.model"] = .string("gpt2")
    tiny.file["tokenizer.ggml.pre"] = .string("gpt-2")
    tiny.file["tokenizer.ggml.tokens"] = .strings(["a", "b", "ab"])
    tiny.file["tokenizer.ggml.token_type"] = .int32s([1, 1, 1])
    tiny.file["tokenizer.ggml.merges"] = .strings(["a b"])
    let file = FileManager.default.temporaryDirectory.appending(path: "quell-\(UUID()).gguf")
    try tiny.file.build().write(to: file)
    return file
  }

  @Test func aTokenizerKeepsItsModel() throws {
    let file = try writeModel()
    defer { try? FileManager.default.removeItem(at: file) }
    weak var released: Model?
    func tokenizer() throws -> Tokenizer {
      let model = try Model(path: file.path)
      released = model
      return try #require(model.tokenizer)
    }
    do {
      let tokenizer = try tokenizer()
      #expect(released != nil)
      #expect(try tokenizer.encode("abba") == [2, 1, 0])
      withExtendedLifetime(tokenizer) {}
    }
    #expect(released == nil)
  }
}
