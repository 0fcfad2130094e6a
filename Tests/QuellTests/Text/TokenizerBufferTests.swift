import CQuell
import Testing

@testable import Quell

/// Buffers and scratch memory of the caller's: too small, just right, not aligned.
struct TokenizerBufferTests {
  private let tokenizer = TokenizerArrays.small
  private let text = Array("Once upon a time <|endoftext|> the miller's daughter \u{1f600}".utf8)

  @Test func countsWhatDoesNotFit() throws {
    let all = try tokenizer.encode(text)
    #expect(all.count > 10)
    for room in 0...all.count {
      var buffer = [UInt32](repeating: .max, count: all.count)
      let count = try encode(into: &buffer, room: room)
      #expect(count == all.count)
      #expect(buffer[..<room] == all[..<room])
      #expect(buffer[room...].allSatisfy { $0 == .max })
    }
  }

  @Test func countsBytesThatDoNotFit() throws {
    let tokens = try tokenizer.encode(text)
    for room in 0...text.count {
      var buffer = [UInt8](repeating: 0xff, count: text.count)
      let count = try buffer.withUnsafeMutableBufferPointer { buffer in
        try tokens.withUnsafeBufferPointer { try tokenizer.decode($0, into: UnsafeMutableBufferPointer(rebasing: buffer[..<room])) }
      }
      #expect(count == text.count)
      #expect(buffer[..<room] == text[..<room])
      #expect(buffer[room...].allSatisfy { $0 == 0xff })
    }
  }

  @Test func needsTheScratchThatItAsksForAndNoMore() throws {
    let required = text.withUnsafeBufferPointer { tokenizer.requiredScratch(for: $0) }
    let expected = try tokenizer.encode(text)
    for misalignment in 0..<8 {
      #expect(try encode(scratch: required, misalignment) == expected)
    }
    for scratch in [0, 1, 7, 28, 35, required - 28] {
      let failure = #expect(throws: Failure.self) { try encode(scratch: scratch, 1) }
      #expect(failure?.status == quell_status(QUELL_BUFFER_TOO_SMALL))
      #expect(failure?.message.description.contains("\(required)") == true)
    }
  }

  @Test func needsNoScratchForAnEmptyText() throws {
    let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    let nowhere = UnsafeMutableBufferPointer<UInt32>(start: nil, count: 0)
    #expect(try tokenizer.encode(empty, into: nowhere, scratch: UnsafeMutableRawBufferPointer(start: nil, count: 0)) == 0)
  }

  @Test func refusesTokensOutOfRange() throws {
    for token in [UInt32(tokenizer.count), .max] {
      for failure in [
        #expect(throws: Failure.self) { try tokenizer.bytes(of: token) },
        #expect(throws: Failure.self) { try tokenizer.isControl(token) },
        #expect(throws: Failure.self) { try tokenizer.decode([1, token]) },
      ] {
        #expect(failure?.status == quell_status(QUELL_TOKEN_OUT_OF_RANGE))
        #expect(failure?.message.description.contains("\(token)") == true)
      }
    }
    #expect(try tokenizer.isControl(0))
    #expect(try !tokenizer.isControl(UInt32(tokenizer.count - 1)))
  }

  private func encode(into buffer: inout [UInt32], room: Int) throws -> Int {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 10_000, alignment: 1)
    defer { scratch.deallocate() }
    return try buffer.withUnsafeMutableBufferPointer { buffer in
      try text.withUnsafeBufferPointer { text in
        try tokenizer.encode(text, into: UnsafeMutableBufferPointer(rebasing: buffer[..<room]), scratch: scratch)
      }
    }
  }

  private func encode(scratch size: Int, _ misalignment: Int) throws -> [UInt32] {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size + misalignment, alignment: 8)
    defer { block.deallocate() }
    var buffer = [UInt32](repeating: 0, count: 100)
    let count = try buffer.withUnsafeMutableBufferPointer { buffer in
      try text.withUnsafeBufferPointer { text in
        try tokenizer.encode(text, into: buffer, scratch: UnsafeMutableRawBufferPointer(rebasing: block[misalignment...]))
      }
    }
    return Array(buffer[..<count])
  }
}
