import CQuell
import RandomNumbers
import Testing

@testable import Quell

struct StreamingDecoderTests {
  private let tokenizer = TokenizerArrays.small

  /// The pieces that come out of a stream, the last one being what was held back at its end.
  private func pieces(_ tokens: [UInt32], skippingControl: Bool = true) throws -> [[UInt8]] {
    var decoder = StreamingDecoder(tokenizer, skippingControl: skippingControl)
    var buffer = [UInt8](repeating: 0, count: decoder.requiredBytes)
    var pieces: [[UInt8]] = []
    for token in tokens {
      let count = try buffer.withUnsafeMutableBufferPointer { try decoder.append(token, into: $0) }
      pieces.append(Array(buffer[..<count]))
    }
    let count = buffer.withUnsafeMutableBufferPointer { decoder.finish(into: $0) }
    return pieces + [Array(buffer[..<count])]
  }

  /// The token of a single byte.
  private func token(_ byte: UInt8) throws -> UInt32 {
    try #require((0..<UInt32(tokenizer.count)).first { try Array(tokenizer.bytes(of: $0)) == [byte] })
  }

  @Test func neverShowsHalfACharacter() throws {
    let text = "a é € 😀 日本 👨‍👩‍👧 e\u{301} end"
    let tokens = try Array(text.utf8).map { try token($0) }
    let parts = try pieces(tokens)
    #expect(parts.last == [])
    for part in parts { #expect(String(validating: part, as: UTF8.self) != nil) }
    #expect(parts.flatMap { $0 } == Array(text.utf8))
    #expect(parts[2] == [])
    #expect(parts[3] == Array("é".utf8))
  }

  @Test func givesBrokenBytesAsSoonAsTheyAre() throws {
    // The beginning of a character, then a byte that cannot go on with it.
    #expect(try pieces([0xf0, 0x9f, 0x41].map(token)) == [[], [], [0xf0, 0x9f, 0x41], []])
    #expect(try pieces([0xe0, 0x80].map(token)) == [[], [0xe0, 0x80], []])
    #expect(try pieces([0xed, 0xa0].map(token)) == [[], [0xed, 0xa0], []])
    #expect(try pieces([0xc3, 0xc3, 0xa9].map(token)) == [[], [0xc3], [0xc3, 0xa9], []])
    #expect(try pieces([0xff, 0x80].map(token)) == [[0xff], [0x80], []])
  }

  @Test func givesTheRestAtTheEnd() throws {
    #expect(try pieces([0x41, 0xf0, 0x9f, 0x98].map(token)) == [[0x41], [], [], [], [0xf0, 0x9f, 0x98]])
  }

  @Test func isTheWholeTextForAnyTokens() throws {
    var random = SplitMix(state: 5)
    for _ in 0..<100 {
      let tokens = (0..<30).map { _ in UInt32(random.next() % UInt64(tokenizer.count)) }
      #expect(try pieces(tokens).flatMap { $0 } == tokenizer.decode(tokens, skippingControl: true))
      #expect(try pieces(tokens, skippingControl: false).flatMap { $0 } == tokenizer.decode(tokens))
    }
  }

  @Test func refusesASmallBufferAndStaysAsItWas() throws {
    var decoder = StreamingDecoder(tokenizer)
    var buffer = [UInt8](repeating: 0, count: decoder.requiredBytes)
    _ = try buffer.withUnsafeMutableBufferPointer { try decoder.append(token(0xc3), into: $0) }
    let failure = #expect(throws: Failure.self) {
      _ = try buffer.withUnsafeMutableBufferPointer {
        try decoder.append(token(0xa9), into: UnsafeMutableBufferPointer(rebasing: $0.dropLast()))
      }
    }
    #expect(failure?.status == quell_status(QUELL_BUFFER_TOO_SMALL))
    #expect(throws: Failure.self) { _ = try buffer.withUnsafeMutableBufferPointer { try decoder.append(.max, into: $0) } }
    let count = try buffer.withUnsafeMutableBufferPointer { try decoder.append(token(0xa9), into: $0) }
    #expect(Array(buffer[..<count]) == Array("é".utf8))
  }
}
