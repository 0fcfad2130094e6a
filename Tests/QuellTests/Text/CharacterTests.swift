import RandomNumbers
import Testing

@testable import Quell

struct CharacterTests {
  /// Swift's own tables are the oracle, without the characters that came after version 16 of Unicode.
  @Test func classesAreThoseOfUnicode() {
    var (letters, numbers, spaces, wrong) = (0, 0, 0, [UInt32]())
    for codePoint in 0..<UInt32(0x110000) {
      guard let scalar = Unicode.Scalar(codePoint) else { continue }
      let expected: UnicodeClass
      switch scalar.properties.generalCategory {
      case _ where scalar.properties.isWhitespace: expected = .whitespace
      case _ where scalar.properties.age.map { $0.major > 16 } ?? true: expected = .other
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: expected = .letter
      case .decimalNumber, .letterNumber, .otherNumber: expected = .number
      default: expected = .other
      }
      if UnicodeClass(codePoint) != expected { wrong.append(codePoint) }
      switch UnicodeClass(codePoint) {
      case .letter: letters += 1
      case .number: numbers += 1
      case .whitespace: spaces += 1
      case .other: break
      }
    }
    #expect(wrong == [])
    // As counted with the library that the tables are asked of.
    #expect((letters, numbers, spaces) == (141_028, 1911, 25))
  }

  /// Swift repairs broken UTF-8 by maximal subparts too.
  @Test func readsBrokenTextAsSwiftDoes() {
    var random = SplitMix(state: 9)
    let likely: [UInt8] = [
      0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff,
    ]
    for _ in 0..<5000 {
      let text = (0..<Int(random.next() % 12)).map { _ in likely[Int(random.next() % UInt64(likely.count))] }
      var (found, position) = ([UInt32](), 0)
      text.withUnsafeBufferPointer { text in
        while position < text.count {
          let character = TextCharacter(of: text, at: position)
          found.append(character.codePoint)
          position += character.length
        }
      }
      #expect(found == String(decoding: text, as: UTF8.self).unicodeScalars.map(\.value), "\(text)")
      #expect(position == text.count)
    }
  }

  @Test func everyByteHasItsCharacter() {
    for byte in UInt8.min...UInt8.max {
      let text = Array(String(Unicode.Scalar(ByteAlphabet.character(for: byte))!).utf8)
      text.withUnsafeBytes { text in
        var alphabet = ByteAlphabet(text)
        #expect(alphabet.next() == byte)
        #expect(alphabet.next() == nil && !alphabet.isMalformed)
        #expect(ByteAlphabet.byteCount(text) == 1)
      }
    }
    // As GPT-2's authors have it: the space is the 33rd of the unprintable bytes.
    #expect(ByteAlphabet.character(for: 0x20) == 0x120)
    #expect(ByteAlphabet.character(for: 0x7f) == 0x121)
    #expect(ByteAlphabet.character(for: 0xad) == 0x143)
  }
}
