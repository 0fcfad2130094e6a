import CQuell
import Testing

@testable import Quell

@Suite struct ABITextTests {
  /// A model whose tokenizer knows the letters a, b and c, the word ab, and a token that ends a text.
  private func talker() -> CModel {
    var tiny = TinyModel()
    tiny.file["tokenizer.ggml.model"] = .string("gpt2")
    tiny.file["tokenizer.ggml.pre"] = .string("gpt-2")
    tiny.file["tokenizer.ggml.tokens"] = .strings(["a", "b", "c", "ab", "<end>"])
    tiny.file["tokenizer.ggml.token_type"] = .int32s([1, 1, 1, 1, 3])
    tiny.file["tokenizer.ggml.merges"] = .strings(["a b"])
    tiny.file["tokenizer.ggml.eos_token_id"] = .uint32(4)
    return CModel(tiny)
  }

  @Test func encodingInTwoCalls() {
    let model = talker()
    let text = Array("cabab<end>b".utf8CString)
    let expected: [UInt32] = [2, 3, 3, 4, 1]
    var count: UInt64 = 0
    let first = Outcome { quell_model_encode(model.handle, text, UInt64(text.count - 1), nil, 0, &count, $0) }
    #expect(first.status == QUELL_BUFFER_TOO_SMALL)
    #expect(count == 5)
    var tokens = [UInt32](repeating: 77, count: 6)
    #expect(quell_model_encode(model.handle, text, UInt64(text.count - 1), &tokens, 4, &count, nil) == QUELL_BUFFER_TOO_SMALL)
    #expect(count == 5 && tokens[4] == 77)
    #expect(quell_model_encode(model.handle, text, UInt64(text.count - 1), &tokens, 6, &count, nil) == QUELL_OK)
    #expect(tokens == expected + [77])
    #expect(quell_model_encode(model.handle, nil, 0, nil, 0, &count, nil) == QUELL_OK)
    #expect(count == 0)
    #expect(Outcome { quell_model_encode(model.handle, nil, 1, &tokens, 6, &count, $0) }.message == "the text is null")
  }

  @Test func normalizingAsTheFileAsks() {
    /// The tokens of U+212A, which normalises to K, then the last token and U+0338, which makes one character with a `>` before it.
    func encode(normalizer: String?, _ normalizedTokens: [UInt32]?) -> [UInt32] {
      var tiny = TinyModel()
      tiny.file["tokenizer.ggml.model"] = .string("gpt2")
      tiny.file["tokenizer.ggml.pre"] = .string("gpt-2")
      tiny.file["tokenizer.ggml.tokens"] = .strings(["K", "e", "n", "d", "<end>"])
      tiny.file["tokenizer.ggml.token_type"] = .int32s([1, 1, 1, 1, 3])
      tiny.file["tokenizer.ggml.merges"] = .strings([])
      if let normalizer { tiny.file["tokenizer.ggml.normalizer"] = .string(normalizer) }
      if let normalizedTokens { tiny.file["tokenizer.ggml.normalized_tokens"] = .uint32s(normalizedTokens) }
      let model = CModel(tiny)
      let text = Array("\u{212a}<end>\u{338}".utf8).map { CChar(bitPattern: $0) }
      var tokens = [UInt32](repeating: 0, count: 20)
      var count: UInt64 = 0
      #expect(quell_model_encode(model.handle, text, UInt64(text.count), &tokens, 20, &count, nil) == QUELL_OK)
      return Array(tokens[..<Int(count)])
    }
    #expect(encode(normalizer: nil, nil) == [4])
    #expect(encode(normalizer: nil, [4]) == [4])
    #expect(encode(normalizer: "nfc", nil) == [0, 4])
    #expect(encode(normalizer: "nfc", [4]) == [0, 1, 2, 3])
  }

  @Test func decodingInTwoCalls() {
    let model = talker()
    let tokens: [UInt32] = [2, 3, 4]
    var size: UInt64 = 0
    #expect(Outcome { quell_model_decode(model.handle, tokens, 3, nil, 0, &size, $0) }.status == QUELL_BUFFER_TOO_SMALL)
    #expect(size == 8)
    var text = [CChar](repeating: 88, count: 9)
    #expect(quell_model_decode(model.handle, tokens, 3, &text, 8, &size, nil) == QUELL_OK)
    #expect(text.map { UInt8(bitPattern: $0) } == Array("cab<end>X".utf8))
    let outcome = Outcome { quell_model_decode(model.handle, [1, 5], 2, &text, 9, &size, $0) }
    #expect(outcome.status == QUELL_TOKEN_OUT_OF_RANGE)
  }

  @Test func tokensByThemselves() {
    let model = talker()
    var bytes: UnsafePointer<CChar>?
    var size: UInt64 = 0
    #expect(quell_model_token_bytes(model.handle, 3, &bytes, &size, nil) == QUELL_OK)
    #expect(UnsafeBufferPointer(start: bytes, count: Int(size)).elementsEqual("ab".utf8.map { CChar($0) }))
    #expect(Outcome { quell_model_token_bytes(model.handle, 5, &bytes, &size, $0) }.status == QUELL_TOKEN_OUT_OF_RANGE)
    #expect(Outcome { quell_model_token_bytes(model.handle, 3, nil, &size, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(quell_model_token_is_control(model.handle, 4))
    #expect(!quell_model_token_is_control(model.handle, 3) && !quell_model_token_is_control(model.handle, 5))
    #expect(quell_model_end_token(model.handle) == 4)
    #expect(quell_model_beginning_token(model.handle) == QUELL_NO_TOKEN)
  }

  @Test func aModelWithoutATokenizer() {
    let model = CModel()
    var tokens: [UInt32] = [0]
    var size: UInt64 = 0
    var bytes: UnsafePointer<CChar>?
    let calls: [(UnsafeMutablePointer<quell_error>) -> quell_status] = [
      { quell_model_encode(model.handle, "a", 1, &tokens, 1, &size, $0) },
      { quell_model_decode(model.handle, &tokens, 1, nil, 0, &size, $0) },
      { quell_model_token_bytes(model.handle, 0, &bytes, &size, $0) },
    ]
    for call in calls { #expect(Outcome(call).status == QUELL_NO_TOKENIZER) }
    #expect(quell_model_end_token(model.handle) == QUELL_NO_TOKEN)
    #expect(!quell_model_token_is_control(model.handle, 0))
  }
}
