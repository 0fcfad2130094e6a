import Foundation
import RandomNumbers
import Testing

@testable import Quell

/// What the Hugging Face library does, the tokenizer does.
struct TokenizerAgreementTests {
  @Test("prose, scripts, white space, broken UTF-8 and random bytes", arguments: ["texts.json", "broken.json", "random.json"])
  func agreesOnTexts(_ name: String) throws {
    let cases = try TokenizerCase.load([TokenizerCase].self, name)
    #expect(cases.count >= 16)
    for expected in cases { try check(expected, TokenizerArrays.small) }
  }

  @Test("small ones made to measure, and one of the kind of GPT-NeoX's", arguments: [("variants.json", 11), ("neox.json", 1)])
  func agreesForOtherTokenizers(_ name: String, _ count: Int) throws {
    let variants = try TokenizerCase.load([TokenizerCase.Variant].self, name)
    #expect(variants.count == count)
    for variant in variants {
      try variant.arrays.open { tokenizer in
        for expected in variant.cases { try check(expected, tokenizer, "\(variant.name): ") }
      }
    }
  }

  @Test func leavesTheBeginningOutOnDemand() throws {
    let variant = try #require(TokenizerCase.load([TokenizerCase.Variant].self, "variants.json").first { $0.beginning != nil })
    try variant.arrays.open { tokenizer in
      for expected in variant.cases {
        let tokens = try tokenizer.encode(Array(expected.text), addingBeginning: false)
        #expect(tokens == Array(expected.tokens.dropFirst()))
      }
    }
  }

  @Test func givesEveryTextBack() throws {
    let tokenizer = TokenizerArrays.small
    var random = SplitMix(state: 11)
    for _ in 0..<300 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int(random.next() % 40) {
        let range = [0x20..<0x7f, 0x80..<0x250, 0x370..<0x700, 0x2000..<0x3100, 0x4e00..<0x9fff, 0x1f300..<0x1fa00, 0..<0x110000][
          Int(random.next() % 7)]
        if let scalar = Unicode.Scalar(UInt32(range.lowerBound) + UInt32(random.next() % UInt64(range.count))) { text.append(scalar) }
      }
      let bytes = Array(String(text).utf8)
      #expect(try tokenizer.decode(tokenizer.encode(bytes)) == bytes)
    }
  }

  private func check(_ expected: TokenizerCase, _ tokenizer: Tokenizer, _ comment: String = "") throws {
    let text = Array(expected.text)
    let tokens = try tokenizer.encode(text)
    #expect(tokens == expected.tokens, "\(comment)\(expected.expected.debugDescription)")
    let decoded = try tokenizer.decode(tokens)
    #expect(String(decoding: decoded, as: UTF8.self).unicodeScalars.elementsEqual(expected.expected.unicodeScalars))
    let withoutControl = try tokenizer.decode(tokens, skippingControl: true)
    #expect(
      String(decoding: withoutControl, as: UTF8.self).unicodeScalars
        .elementsEqual((expected.withoutControl ?? expected.expected).unicodeScalars))
  }
}
