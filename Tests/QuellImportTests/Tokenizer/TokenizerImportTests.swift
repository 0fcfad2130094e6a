import Foundation
import Testing

@testable import QuellImport

/// From `tokenizer.json` to the keys of a model file.
struct TokenizerImportTests {
  private static let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../..").standardized
  private static let small = root.appendingPathComponent("Examples/Models/rwkv4-tiny/tokenizer.json").path

  /// A tokenizer.json with the arrays that it must become, as Tests/Scripts/tokenizer_fixtures.py writes them.
  private struct Variant {
    let name: String
    let file: [String: Any]
    let vocabularySize: Int
    let expected: [GGUFPair]

    static func all(_ name: String) throws -> [Variant] {
      let path = root.appendingPathComponent("Tests/Fixtures/Tokenizer/\(name)")
      let list = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [[String: Any]])
      return try list.map { item in
        var expected = [
          GGUFPair("tokenizer.ggml.model", .string("gpt2")),
          GGUFPair("tokenizer.ggml.pre", .string("gpt-2")),
          GGUFPair("tokenizer.ggml.tokens", .stringArray(try #require(item["tokens"] as? [String]))),
          GGUFPair("tokenizer.ggml.token_type", .int32Array(try #require(item["types"] as? [Int]).map(Int32.init))),
          GGUFPair("tokenizer.ggml.merges", .stringArray(try #require(item["merges"] as? [String]))),
        ]
        if let end = item["end"] as? Int {
          expected.append(GGUFPair("tokenizer.ggml.bos_token_id", .uint32(UInt32(end))))
          expected.append(GGUFPair("tokenizer.ggml.eos_token_id", .uint32(UInt32(end))))
        }
        if item["beginning"] is Int { expected.append(GGUFPair("tokenizer.ggml.add_bos_token", .bool(true))) }
        if item["addsSpace"] as? Bool == true { expected.append(GGUFPair("tokenizer.ggml.add_space_prefix", .bool(true))) }
        if let form = item["normalizer"] as? String { expected.append(GGUFPair("tokenizer.ggml.normalizer", .string(form))) }
        let normalized = try #require(item["normalizedTokens"] as? [Int]).map { UInt32($0) }
        if !normalized.isEmpty { expected.append(GGUFPair("tokenizer.ggml.normalized_tokens", .uint32Array(normalized))) }
        return Variant(
          name: try #require(item["name"] as? String), file: try #require(item["file"] as? [String: Any]),
          vocabularySize: try #require(item["vocabularySize"] as? Int), expected: expected)
      }
    }
  }

  // MARK: What is honoured

  @Test(arguments: [("variants.json", 11), ("neox.json", 1)]) func makesTheArraysThatAreExpected(_ name: String, _ count: Int) throws {
    let variants = try Variant.all(name)
    #expect(variants.count == count)
    for variant in variants {
      let data = try JSONSerialization.data(withJSONObject: variant.file)
      let pairs = try TokenizerImport.pairs(tokenizer: data, configuration: nil, vocabularySize: variant.vocabularySize)
      #expect(pairs == variant.expected, "\(variant.name)")
    }
  }

  @Test func readsTheTokenizerOfTheSmallModels() throws {
    let pairs = try TokenizerImport.pairs(fromFile: Self.small, vocabularySize: 2048)
    let values = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
    guard case .stringArray(let tokens) = values["tokenizer.ggml.tokens"], case .stringArray(let merges) = values["tokenizer.ggml.merges"],
      case .int32Array(let types) = values["tokenizer.ggml.token_type"]
    else {
      Issue.record("keys are missing: \(values.keys)")
      return
    }
    #expect(tokens.count == 2048 && types == [3] + [Int32](repeating: 1, count: 2047))
    #expect(tokens[0] == "<|endoftext|>" && tokens[1] == "!")
    #expect(merges.count == 1791 && merges[0] == "\u{120} t")
    #expect(values["tokenizer.ggml.bos_token_id"] == .uint32(0) && values["tokenizer.ggml.eos_token_id"] == .uint32(0))
    #expect(values["tokenizer.ggml.add_bos_token"] == nil && values["tokenizer.ggml.add_space_prefix"] == nil)
  }

  @Test func namesTheEndsAsTheConfigurationDoes() throws {
    let file = try file { $0["added_tokens"] = Self.added(["<|endoftext|>", "<s>", "</s>"]) }
    func ends(_ configuration: String?) throws -> [GGUFPair] {
      try TokenizerImport.pairs(tokenizer: file, configuration: configuration.map { Data($0.utf8) }, vocabularySize: 300)
        .filter { $0.key.hasSuffix("_id") }
    }
    let (beginning, end) = ("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id")
    #expect(try ends(nil) == [GGUFPair(beginning, .uint32(270)), GGUFPair(end, .uint32(270))])
    #expect(try ends("{}") == [])
    #expect(try ends(#"{"bos_token": null, "eos_token": "</s>"}"#) == [GGUFPair(end, .uint32(272))])
    #expect(
      try ends(#"{"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "a"}"#)
        == [GGUFPair(beginning, .uint32(271)), GGUFPair(end, .uint32(0x61))])
    #expect(throws: ImportFailure.self) { try ends(#"{"eos_token": "<none>"}"#) }
    #expect(throws: ImportFailure.self) { try ends(#"{"eos_token": 5}"#) }
  }

  // MARK: What is refused

  @Test func refusesWhatItCannotHonour() throws {
    let byteLevel: [String: Any] = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
    try expect(.unsupported, "of type Unigram") { $0["model"] = ["type": "Unigram", "unk_id": 0, "vocab": [["a", -1.5]]] }
    try expect(.unsupported, "of type WordPiece") { $0["model"] = ["type": "WordPiece", "unk_token": "x", "vocab": ["a": 0]] }
    try expect(.unsupported, "at random") { $0.model["dropout"] = 0.1 }
    try expect(.unsupported, "byte_fallback") { $0.model["byte_fallback"] = true }
    try expect(.unsupported, "ignore_merges") { $0.model["ignore_merges"] = true }
    try expect(.unsupported, "continuing_subword_prefix '##'") { $0.model["continuing_subword_prefix"] = "##" }
    try expect(.unsupported, "end_of_word_suffix '</w>'") { $0.model["end_of_word_suffix"] = "</w>" }
    try expect(.unsupported, "the normalizer Lowercase") { $0["normalizer"] = ["type": "Lowercase"] }
    try expect(.unsupported, "the normalizer Lowercase") {
      $0["normalizer"] = ["type": "Sequence", "normalizers": [["type": "NFC"], ["type": "Lowercase"]]]
    }
    try expect(.unsupported, "the normalizer NFKC is not supported; NFC is the only one") { $0["normalizer"] = ["type": "NFKC"] }
    for content in ["e\u{301}", "\u{212b}", "a\u{323}\u{307}\u{323}"] {
      try expect(.unsupported, "the added token '\(content)' is looked for in normalized text, but is not") {
        $0["normalizer"] = ["type": "NFC"]
        $0["added_tokens"] = Self.added([content], ["normalized": true])
      }
    }
    try expect(.unsupported, "the pre-tokenizer none") { $0["pre_tokenizer"] = NSNull() }
    try expect(.unsupported, "the pre-tokenizer Metaspace") { $0["pre_tokenizer"] = ["type": "Metaspace", "replacement": "_"] }
    try expect(.unsupported, "the pre-tokenizer Digits, ByteLevel") {
      $0["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": [["type": "Digits", "individual_digits": true], byteLevel]]
    }
    try expect(.unsupported, "use_regex is false") { $0["pre_tokenizer"] = byteLevel.merging(["use_regex": false]) { $1 } }
    try expect(.unsupported, "a rule of its own: '\\s+'") {
      let split: [String: Any] = ["type": "Split", "pattern": ["Regex": "\\s+"], "behavior": "Isolated", "invert": false]
      $0["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": [split, byteLevel.merging(["use_regex": false]) { $1 }]]
    }
    try expect(.unsupported, "the decoder none") { $0["decoder"] = NSNull() }
    try expect(.unsupported, "the decoder ByteFallback, Fuse") {
      $0["decoder"] = ["type": "Sequence", "decoders": [["type": "ByteFallback"], ["type": "Fuse"]]]
    }
    try expect(.unsupported, "the post-processor RobertaProcessing") { $0["post_processor"] = ["type": "RobertaProcessing"] }
    try expect(.unsupported, "more than put one token before") {
      $0["post_processor"] = [
        "type": "TemplateProcessing", "pair": [[String: Any]](), "special_tokens": [String: Any](),
        "single": [["Sequence": ["id": "A", "type_id": 0]], ["SpecialToken": ["id": "</s>", "type_id": 0]]],
      ]
    }
    try expect(.unsupported, "single_word") { $0["added_tokens"] = Self.added(["<x>"], ["lstrip": true]) }
    try expect(.unsupported, "lacks byte 0, for which unk_token") {
      $0.model["unk_token"] = "a"
      $0.vocabulary["\u{100}"] = nil
    }
    try expect(.unsupported, "the token '\u{2581}a', which is not written in the alphabet") { $0.vocabulary["\u{2581}a"] = 280 }
  }

  @Test func refusesWhatContradictsItself() throws {
    try expect(.malformed, "'ab' has the id 300") { $0.vocabulary["ab"] = 300 }
    try expect(.malformed, "the id -1") { $0.vocabulary["ab"] = -1 }
    try expect(.malformed, "the same id 97") { $0.vocabulary["ab"] = 97 }
    try expect(.malformed, "has the ids 65 and 270") { $0["added_tokens"] = Self.added(["A"]) }
    try expect(.malformed, "the added token 270 is empty") { $0["added_tokens"] = Self.added([""]) }
    try expect(.malformed, "the same id 270") { $0["added_tokens"] = Self.added(["<x>"]) + Self.added(["<y>"]) }
    try expect(.malformed, "merge 0 ('a' and 'q') needs the token 'aq'") { $0.model["merges"] = [["a", "q"]] }
    try expect(.malformed, "a merge stands twice") {
      $0.vocabulary["ab"] = 256
      $0.model["merges"] = ["a b", "a b"]
    }
    for merge: Any in ["a", "a b c", ["a"], ["a", "b", "c"], 5, NSNull()] {
      try expect(.malformed, "model.merges.0") { $0.model["merges"] = [merge] }
    }
  }

  @Test func refusesWhatIsNoJSON() throws {
    let whole = try file { _ in }
    var texts = ["", " ", "[]", "5", "null", "\"", "{", "{}", "{\"model\":5}", "{\"model\":{\"type\":\"BPE\"}}", "\u{0}"].map {
      Data($0.utf8)
    }
    texts.append(Data(repeating: UInt8(ascii: "["), count: 1_000_000))
    texts.append(Data(#"{"model":"#.utf8) + Data(String(repeating: #"{"model":"#, count: 100_000).utf8))
    texts.append(Data([0xff, 0xfe, 0x00, 0x7b]))
    texts.append(Data(#"{"model":{"type":"BPE","vocab":{"a":1e400},"merges":[]}}"#.utf8))
    texts.append(Data(#"{"model":{"type":"BPE","vocab":{"a":18446744073709551616},"merges":[]}}"#.utf8))
    texts.append(Data(#"{"model":{"type":"BPE","vocab":{"a":0.5},"merges":[]}}"#.utf8))
    texts += stride(from: 1, to: whole.count - 1, by: 97).map { whole.prefix($0) }
    for text in texts {
      let failure = #expect(throws: ImportFailure.self) {
        try TokenizerImport.pairs(tokenizer: text, configuration: nil, vocabularySize: 300, path: "some.json")
      }
      #expect(failure?.message.hasPrefix("some.json: ") == true, "\(failure?.message ?? "")")
    }
  }

  @Test func refusesWhatIsNoFile() {
    for path in ["/nowhere/tokenizer.json", "/", "/dev/zero", "", Self.root.path] {
      let failure = #expect(throws: ImportFailure.self) { try TokenizerImport.pairs(fromFile: path, vocabularySize: 5) }
      #expect(failure?.kind == .unreadable)
    }
  }

  // MARK: Making files

  /// The dictionary of a small, right tokenizer.json: the 256 bytes, ids 0 to 255.
  fileprivate struct Content {
    private(set) var file: [String: Any] = [:]
    var model: [String: Any] = ["type": "BPE", "merges": [Any]()]
    var vocabulary: [String: Int] = [:]

    subscript(key: String) -> Any? {
      get { file[key] }
      set { file[key] = newValue }
    }
  }

  private func file(_ change: (inout Content) -> Void) throws -> Data {
    var content = Content()
    var others: UInt32 = 0x100
    for byte: UInt32 in 0..<256 {
      let isPrintable = (0x21...0x7e).contains(byte) || (0xa1...0xff).contains(byte) && byte != 0xad
      content.vocabulary[String(Unicode.Scalar(isPrintable ? byte : others)!)] = Int(byte)
      if !isPrintable { others += 1 }
    }
    content["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
    content["decoder"] = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
    change(&content)
    if content["model"] == nil { content["model"] = content.model.merging(["vocab": content.vocabulary]) { $1 } }
    return try JSONSerialization.data(withJSONObject: content.file)
  }

  private func expect(_ kind: ImportFailure.Kind, _ words: String, _ change: (inout Content) -> Void) throws {
    let data = try file(change)
    let failure = #expect(throws: ImportFailure.self) {
      try TokenizerImport.pairs(tokenizer: data, configuration: nil, vocabularySize: 300)
    }
    #expect(failure?.kind == kind && failure?.message.contains(words) == true, "\(failure?.message ?? "no failure"), not: \(words)")
  }

  private static func added(_ texts: [String], _ flags: [String: Bool] = [:], from first: Int = 270) -> [[String: Any]] {
    texts.enumerated().map { number, text in
      let token: [String: Any] = [
        "id": first + number, "content": text, "special": true, "normalized": false, "single_word": false, "lstrip": false,
        "rstrip": false,
      ]
      return token.merging(flags) { $1 }
    }
  }
}
