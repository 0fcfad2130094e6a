import Foundation

@testable import Quell

/// A text with the tokens that the Hugging Face library makes of it, as Tests/Scripts/tokenizer_fixtures.py writes them.
struct TokenizerCase: Decodable {
  /// The text's bytes, perhaps no UTF-8.
  let text: Data
  let tokens: [UInt32]
  /// What the tokens are as text, where that is not the text again.
  let decoded: String?
  /// The same without the control tokens, where that differs.
  let withoutControl: String?

  /// The decoded text that is expected.
  var expected: String { decoded ?? String(decoding: text, as: UTF8.self) }

  /// A small tokenizer made to measure, and what it does.
  struct Variant: Decodable {
    let name: String
    let tokens: [String]
    let types: [Int32]
    let merges: [String]
    let addsSpace: Bool
    let beginning: Int?
    let normalizer: String?
    let normalizedTokens: [UInt32]
    let cases: [TokenizerCase]

    var arrays: TokenizerArrays {
      TokenizerArrays(
        tokens: tokens.map { Array($0.utf8) }, types: types, merges: merges.map { Array($0.utf8) }, beginning: beginning,
        addsBeginning: beginning != nil, addsSpace: addsSpace, normalizer: normalizer,
        normalizedTokens: normalizedTokens.isEmpty ? nil : normalizedTokens)
    }
  }

  static func load<Content: Decodable>(_ type: Content.Type, _ name: String) throws -> Content {
    let path = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Fixtures/Tokenizer/\(name)").standardized
    return try JSONDecoder().decode(type, from: Data(contentsOf: path))
  }
}
