import CQuell
import Foundation
import Testing

@testable import Quell

/// Models whose tables are in memory of the caller's, as on a board without a heap.
@Suite struct ABICallerMemoryTests {
  private let bytes: AlignedBytes

  init() {
    var tiny = TinyModel()
    tiny.file["tokenizer.ggml.model"] = .string("gpt2")
    tiny.file["tokenizer.ggml.pre"] = .string("gpt-2")
    tiny.file["tokenizer.ggml.tokens"] = .strings(["a", "b", "ab"])
    tiny.file["tokenizer.ggml.token_type"] = .int32s([1, 1, 1])
    tiny.file["tokenizer.ggml.merges"] = .strings(["a b"])
    bytes = AlignedBytes(tiny.file.build())
  }

  private var start: UnsafeRawPointer? { UnsafeRawPointer(bytes.bytes.baseAddress) }
  private var count: UInt64 { UInt64(bytes.bytes.count) }

  private func memorySize(_ tokenizer: quell_tokenizer_opener?) -> UInt64 {
    var size: UInt64 = 0
    #expect(quell_model_memory_size(start, count, tokenizer, &size, nil) == QUELL_OK)
    return size
  }

  /// The logits of a few tokens in a session of the model, and what its tokenizer makes of a text: nil where it has none.
  private func run(_ model: UnsafeMutablePointer<quell_model>?) -> (logits: [Float], tokens: [UInt32]?) {
    var session: UnsafeMutablePointer<quell_session>?
    var options = quell_session_options()
    options.struct_size = UInt32(MemoryLayout<quell_session_options>.size)
    options.context_length = 4
    #expect(quell_session_create(model, &options, &session, nil) == QUELL_OK)
    defer { quell_session_close(session) }
    for token in [3, 0, 7] as [UInt32] { #expect(quell_session_step(session, token, nil) == QUELL_OK) }
    var tokens = [UInt32](repeating: 0, count: 8)
    var found: UInt64 = 0
    let status = Int(quell_model_encode(model, "ab", 2, &tokens, 8, &found, nil))
    #expect(status == QUELL_OK || status == QUELL_NO_TOKENIZER)
    return (
      Array(UnsafeBufferPointer(start: quell_session_logits(session), count: TinyModel.vocabulary)),
      status == QUELL_OK ? Array(tokens.prefix(Int(found))) : nil
    )
  }

  @Test(arguments: [true, false]) func aModelInMemoryOfTheCallersIsTheSame(hasTokenizer: Bool) throws {
    let tokenizer: quell_tokenizer_opener? = hasTokenizer ? quell_open_tokenizer : nil
    let size = memorySize(tokenizer)
    let guardSize = 64
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + guardSize, alignment: 64)
    defer { memory.deallocate() }
    for index in memory.indices { memory[index] = 0xa5 }
    var model: UnsafeMutablePointer<quell_model>?
    #expect(quell_model_open_in(start, count, tokenizer, memory.baseAddress, size, &model, nil) == QUELL_OK)
    let got = run(model)
    quell_model_close(model)
    #expect(memory[Int(size)...].allSatisfy { $0 == 0xa5 })

    var reference: UnsafeMutablePointer<quell_model>?
    #expect(quell_model_open_memory(start, count, &reference, nil) == QUELL_OK)
    let expected = run(reference)
    quell_model_close(reference)
    #expect(got.logits == expected.logits)
    #expect(expected.tokens == [2])
    #expect(got.tokens == (hasTokenizer ? [2] : nil))
  }

  @Test func tokenizersTakeMemoryOnlyWhereTheyAreOpened() {
    #expect(memorySize(nil) < memorySize(quell_open_tokenizer))
  }

  @Test func aTextIsEncodedInMemoryOfTheCallers() throws {
    let size = memorySize(quell_open_tokenizer)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 64)
    defer { memory.deallocate() }
    var model: UnsafeMutablePointer<quell_model>?
    #expect(quell_model_open_in(start, count, quell_open_tokenizer, memory.baseAddress, size, &model, nil) == QUELL_OK)
    defer { quell_model_close(model) }
    let text = "abb ab"
    var expected = [UInt32](repeating: 9, count: 8)
    var number: UInt64 = 0
    #expect(quell_model_encode(model, text, 6, &expected, 8, &number, nil) == QUELL_OK)
    #expect(expected.prefix(Int(number)) == [2, 1, 2])

    var scratchSize: UInt64 = 0
    #expect(quell_model_encode_memory_size(model, text, 6, &scratchSize, nil) == QUELL_OK)
    // The longest word has three bytes; a place that is aligned is at most seven further on.
    #expect(scratchSize == 3 * 28 + 7)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(scratchSize) + 65, alignment: 64)
    defer { scratch.deallocate() }
    for shift in [0, 1] {
      for index in scratch.indices { scratch[index] = 0xa5 }
      var tokens = [UInt32](repeating: 9, count: 8)
      number = 0
      #expect(quell_model_encode_in(model, text, 6, scratch.baseAddress! + shift, scratchSize, &tokens, 8, &number, nil) == QUELL_OK)
      #expect(tokens == expected)
      #expect(number == 3)
      #expect(scratch[(Int(scratchSize) + shift)...].allSatisfy { $0 == 0xa5 })
    }
    let tooSmall = Outcome { quell_model_encode_in(model, text, 6, scratch.baseAddress, scratchSize - 1, nil, 0, &number, $0) }
    #expect(tooSmall.status == QUELL_BUFFER_TOO_SMALL)
    #expect(tooSmall.message == "encoding this text needs 91 bytes of scratch memory")
    let tooFew = Outcome { quell_model_encode_in(model, text, 6, scratch.baseAddress, scratchSize, &expected, 2, &number, $0) }
    #expect(tooFew.status == QUELL_BUFFER_TOO_SMALL)
    #expect(tooFew.message.hasSuffix("tokens of the text: 3"))
    #expect(quell_model_encode_in(model, nil, 0, nil, 0, nil, 0, &number, nil) == QUELL_OK)
    #expect(number == 0)
    #expect(Outcome { quell_model_encode_in(model, text, 6, nil, 1, nil, 0, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(Outcome { quell_model_encode_in(nil, text, 6, nil, 0, nil, 0, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(Outcome { quell_model_encode_memory_size(model, text, 6, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(Outcome { quell_model_encode_memory_size(nil, text, 6, &number, $0) }.status == QUELL_INVALID_ARGUMENT)
  }

  @Test func memoryThatDoesNotDoIsRefused() {
    let size = memorySize(nil)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + 64, alignment: 64)
    defer { memory.deallocate() }
    var model: UnsafeMutablePointer<quell_model>?
    let tooSmall = Outcome { quell_model_open_in(start, count, nil, memory.baseAddress, size - 64, &model, $0) }
    #expect(tooSmall.status == QUELL_BUFFER_TOO_SMALL)
    #expect(tooSmall.message.contains("\(size)"))
    for shift in [1, 4, 32] {
      let outcome = Outcome { quell_model_open_in(start, count, nil, memory.baseAddress! + shift, size, &model, $0) }
      #expect(outcome.status == QUELL_INVALID_ARGUMENT)
    }
    #expect(Outcome { quell_model_open_in(start, count, nil, nil, size, &model, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(Outcome { quell_model_memory_size(start, count, nil, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(Outcome { quell_model_memory_size(nil, count, nil, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(model == nil)
  }

  @Test func aTokenizerThatIsWrongIsRefusedWhereItIsOpened() {
    var tiny = TinyModel()
    tiny.file["tokenizer.ggml.model"] = .string("spm")
    let wrong = AlignedBytes(tiny.file.build())
    var size: UInt64 = 0
    let (start, count) = (UnsafeRawPointer(wrong.bytes.baseAddress), UInt64(wrong.bytes.count))
    let outcome = Outcome { quell_model_memory_size(start, count, quell_open_tokenizer, &size, $0) }
    #expect(outcome.status == QUELL_UNSUPPORTED)
    #expect(outcome.message.contains("byte-level BPE"))
    #expect(quell_model_memory_size(start, count, nil, &size, nil) == QUELL_OK)
  }
}
