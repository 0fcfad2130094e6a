import Foundation
import Testing

@testable import Quell

/// Normalization form C as the Hugging Face library does it. Swift's own is no oracle: it is wrong for some of the rarer sequences.
struct NormalizationTests {
  /// What the library makes of code points and of sequences of them, as Tests/Scripts/tokenizer_fixtures.py writes it.
  private struct Expected: Decodable {
    /// Hashes for 4096 code points each.
    let blocks: [String]
    /// Texts, normalised and not.
    let sequences: [[Data]]
  }

  private func normalized(_ text: [UInt8]) -> [UInt32] {
    text.withUnsafeBufferPointer { text in
      var (result, reader) = ([UInt32](), CharacterReader(text, normalizing: true))
      while let character = reader.current {
        result.append(character)
        reader.advance()
      }
      return result
    }
  }

  @Test("alone, and between characters with which it could become one") func everyCharacter() throws {
    let blocks = try TokenizerCase.load(Expected.self, "normalization.json").blocks
    #expect(blocks.count == 0x30)
    var (wrong, changed) = ([UInt32](), 0)
    for block in UInt32(0)..<0x30 {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for scalar in (block << 12..<(block + 1) << 12).compactMap({ Unicode.Scalar($0) }) {
        if normalized(Array(String(scalar).utf8)) != [scalar.value] { changed += 1 }
        for text in ["\(scalar)", "e\(scalar)\u{301}", "\u{1100}\(scalar)\u{11a8}"] {
          for byte in normalized(Array(text.utf8)).flatMap({ EncodedCharacter($0) }) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
          }
        }
      }
      if UInt64(blocks[Int(block)], radix: 16) != hash { wrong.append(block << 12) }
    }
    #expect(wrong == [])
    // As counted with the library.
    #expect(changed == 1120)
  }

  @Test func charactersThatNeverChange() {
    for codePoint in 0x30000..<UInt32(0x110000) where normalized(Array(EncodedCharacter(codePoint))) != [codePoint] {
      Issue.record("\(codePoint)")
    }
  }

  @Test func sequencesOfAnyKind() throws {
    let sequences = try TokenizerCase.load(Expected.self, "normalization.json").sequences
    #expect(sequences.count == 301)
    for pair in sequences {
      let expected = String(decoding: pair[1], as: UTF8.self).unicodeScalars.map(\.value)
      #expect(normalized(Array(pair[0])) == expected)
      #expect(normalized(Array(pair[1])) == expected)
      #expect(Tokenizer.isNormalized(String(decoding: pair[0], as: UTF8.self)) == pair[0].elementsEqual(pair[1]))
      #expect(Tokenizer.isNormalized(String(decoding: pair[1], as: UTF8.self)))
    }
  }

  @Test func readsBrokenBytesAsReplacements() {
    #expect(normalized([0x65, 0xcc, 0x81, 0xcc]) == [0xe9, 0xfffd])
    #expect(normalized([0x65, 0xcc, 0xcc, 0x81]) == [0x65, 0xfffd, 0x301])
    #expect(normalized([0xe1, 0x84, 0x92, 0xe1, 0x85]) == [0x1112, 0xfffd])
    #expect(normalized([0xcc, 0x81, 0xff, 0xcc, 0x81]) == [0x301, 0xfffd, 0x301])
    #expect(normalized([]) == [])
  }

  @Test func needsScratchForTheNormalizedText() throws {
    let byteTokens = (0..<256).map { Array(String(Unicode.Scalar(ByteAlphabet.character(for: UInt8($0)))!).utf8) }
    let arrays = TokenizerArrays(tokens: byteTokens, types: [Int32](repeating: 1, count: 256), normalizer: "nfc")
    try arrays.open { tokenizer in
      // One character of four bytes becomes three of them.
      for (text, count) in [("\u{1d160}", 12), ("e\u{301}e\u{301}", 4), ("\u{344}", 4), ("\u{1fef}", 1)] {
        let bytes = Array(text.utf8)
        let required = bytes.withUnsafeBufferPointer { tokenizer.requiredScratch(for: $0) }
        #expect(required == WordMerger.requiredBytes(symbols: count), "\(text)")
        let tokens = try tokenizer.encode(text)
        #expect(try tokenizer.decode(tokens) == normalized(bytes).flatMap { EncodedCharacter($0) })
        #expect(tokens.count == count)
      }
    }
  }
}
