import CQuell
import RandomNumbers
import Testing

@testable import Quell

/// Keys that no importer writes: each is refused with a message that names the place.
struct TokenizerRefusalTests {
  private static let bytes = (0..<256).map { byte in Array(String(Unicode.Scalar(ByteAlphabet.character(for: UInt8(byte)))!).utf8) }

  /// 256 bytes and some tokens more, all normal unless other types are given for those.
  private func open(
    _ more: [String], types: [Int32]? = nil, merges: [String] = [], beginning: Int? = nil, addsBeginning: Bool? = nil,
    vocabularySize: Int = .max, normalizer: String? = nil, normalizedTokens: [UInt32]? = nil
  ) throws -> Int {
    try TokenizerArrays(
      tokens: TokenizerRefusalTests.bytes + more.map { Array($0.utf8) },
      types: [Int32](repeating: 1, count: 256) + (types ?? [Int32](repeating: 1, count: more.count)),
      merges: merges.map { Array($0.utf8) }, beginning: beginning, addsBeginning: addsBeginning, normalizer: normalizer,
      normalizedTokens: normalizedTokens, vocabularySize: vocabularySize
    ).open { $0.count }
  }

  private func expectFailure(_ words: String, _ status: Int = QUELL_MALFORMED, _ body: () throws -> Int) {
    let failure = #expect(throws: Failure.self) { _ = try body() }
    #expect(failure?.status == quell_status(status))
    let message = failure.map { "\($0)" } ?? ""
    #expect(message.contains(words), "\(message)")
  }

  @Test func opensWhatIsRight() throws {
    #expect(try open(["ab"], merges: ["a b"]) == 257)
    #expect(try open([]) == 256)
    // An unused id has no text; what stands there does not matter.
    #expect(try open(["", "a", "\u{2581}"], types: [5, 5, 5]) == 259)
    // A token matched whole may have the bytes of a normal one.
    #expect(try open(["ab", "ab"], types: [4, 1], merges: ["a b"]) == 258)
  }

  @Test func refusesTokens() {
    expectFailure("token 257 of the tokenizer is empty") { try open(["ab", ""]) }
    expectFailure("token 256 of the tokenizer is empty") { try open([""], types: [3]) }
    expectFailure("tokens 97 and 256") { try open(["a"]) }
    expectFailure("tokens 256 and 257") { try open(["xy", "xy"], types: [3, 4]) }
    for text in ["a b", "\u{144}", "\u{2581}a", "\u{7f}", "\u{ad}", "\u{a0}", "\t", "\u{1f600}"] {
      expectFailure("token 256 of the tokenizer is not written in GPT-2's alphabet") { try open([text]) }
    }
    expectFailure("token 256 of the tokenizer is longer than 1024 bytes") { try open([String(repeating: "a", count: 1025)], types: [3]) }
    expectFailure("the model only 256 logits") { try open(["ab"], vocabularySize: 256) }
  }

  @Test func refusesBrokenBytesInTokens() {
    for broken: [UInt8] in [[0xff], [0xc4], [0xc4, 0x20], [0x80], [0xe0, 0x80, 0x80], [0x61, 0xc5]] {
      expectFailure("token 0 of the tokenizer") {
        try TokenizerArrays(tokens: [broken], types: [1]).open { $0.count }
      }
    }
  }

  @Test func refusesTypes() {
    for type: Int32 in [0, 2, 6, 7, -1, .min, .max] {
      expectFailure("token 256 is of type", QUELL_UNSUPPORTED) { try open(["ab"], types: [type]) }
    }
    expectFailure("257 tokens") { try TokenizerArrays(tokens: Self.bytes + [[0x61]], types: [1]).open { $0.count } }
  }

  @Test func refusesMerges() {
    for merge in ["", " ", "a", "a ", " b", "ab", "a  b", "a b ", "a b c", "aa b", "\u{144} b", "a \u{144}"] {
      expectFailure("merge 1 of the tokenizer is not of two tokens") { try open(["ab"], merges: ["a b", merge]) }
    }
    expectFailure("merge 1 of the tokenizer makes no token: 'b a'") { try open(["ab"], merges: ["a b", "b a"]) }
    expectFailure("merge 1 of the tokenizer stands twice") { try open(["ab"], merges: ["a b", "a b"]) }
  }

  @Test func refusesTheBeginning() {
    expectFailure("is not the id of a token") { try open([], beginning: 256) }
    expectFailure("there is no tokenizer.ggml.bos_token_id") { try open([], addsBeginning: true) }
  }

  @Test func refusesNormalizers() throws {
    #expect(try open([], normalizer: "nfc") == 256)
    for normalizer in ["", "nf", "nfcx", "NFC", "nfkc", "lowercase"] {
      expectFailure("the tokenizer's normalizer '\(normalizer)' is not supported", QUELL_UNSUPPORTED) {
        try open([], normalizer: normalizer)
      }
    }
  }

  @Test func refusesListsOfNormalizedTokens() throws {
    let (texts, types): ([String], [Int32]) = (["<a>", "<b>", "ab", "<c>", ""], [3, 4, 1, 3, 5])
    for list: [UInt32] in [[], [256], [256, 257, 259], [259]] {
      #expect(try open(texts, types: types, normalizedTokens: list) == 261)
    }
    for (list, element) in [([97], 0), ([258], 0), ([260], 0), ([261], 0), ([.max], 0), ([256, 256], 1), ([256, 259, 257], 2)]
      as [([UInt32], Int)]
    {
      expectFailure("element \(element) of tokenizer.ggml.normalized_tokens is not") {
        try open(texts, types: types, normalizedTokens: list)
      }
    }
  }

  @Test func refusesOtherKinds() throws {
    var keys = TokenizerKeys()
    #expect(try keys.required() == nil)
    let llama = Array("llama".utf8)
    llama.withUnsafeBytes { keys.model = $0 }
    let failure = #expect(throws: Failure.self) { _ = try keys.required() }
    #expect(failure?.status == quell_status(QUELL_UNSUPPORTED))
  }

  @Test func survivesAnyBytes() throws {
    var random = SplitMix(state: 3)
    var opened = 0
    for _ in 0..<3000 {
      func text() -> [UInt8] {
        (0..<Int(random.next() % 4)).map { _ in UInt8(truncatingIfNeeded: [0x61, 0x62, 0x20, 0xc4, 0xa0][Int(random.next() % 5)]) }
      }
      let tokens = (0..<Int(random.next() % 6)).map { _ in text() }
      let types = tokens.map { _ in [1, 1, 1, 3, 4, 5, 0][Int(random.next() % 7)] as Int32 }
      let merges = (0..<Int(random.next() % 3)).map { _ in text() + [0x20] + text() }
      do {
        try TokenizerArrays(tokens: tokens, types: types, merges: merges).open { tokenizer in
          opened += 1
          _ = try tokenizer.decode(tokenizer.encode("ab aab \u{100}b"))
        }
      } catch let failure as Failure {
        #expect(failure.status != quell_status(QUELL_OK) && failure.message.count > 10)
      }
    }
    #expect(opened > 50)
  }
}
