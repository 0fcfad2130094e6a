import CQuell
import Testing

@testable import Quell

/// A file that is read by a callback, and what became of it.
private final class Source {
  let bytes: [UInt8]
  var calls = 0
  var next: UInt64 = 0
  var failsAt = UInt64.max
  var answer: Int32 = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  static let read: quell_read = { offset, memory, size, user in
    let source = Unmanaged<Source>.fromOpaque(user!).takeUnretainedValue()
    source.calls += 1
    #expect(offset == source.next && size > 0 && size <= 1 << 20)
    source.next = offset + size
    if offset + size > source.failsAt { return source.answer }
    source.bytes.withUnsafeBytes { memory!.copyMemory(from: $0.baseAddress! + Int(offset), byteCount: Int(size)) }
    return 0
  }

  func open(_ model: inout UnsafeMutablePointer<quell_model>?, size: Int? = nil) -> Outcome {
    let user = Unmanaged.passUnretained(self).toOpaque()
    return Outcome { quell_model_open_reader(Source.read, user, UInt64(size ?? bytes.count), &model, $0) }
  }
}

@Suite struct ABIReaderTests {
  @Test func aModelThatIsReadRunsAsOneInMemory() {
    // Two megabytes take more than one call.
    var tiny = TinyModel()
    tiny.file["general.name"] = .string(String(repeating: "n", count: 2 << 20))
    let source = Source(Array(tiny.file.build()))
    var model: UnsafeMutablePointer<quell_model>?
    let outcome = source.open(&model)
    #expect(outcome.status == QUELL_OK, "\(outcome.message)")
    #expect(source.calls == 3 && source.next == UInt64(source.bytes.count))
    var session: UnsafeMutablePointer<quell_session>?
    #expect(quell_session_create(model, nil, &session, nil) == QUELL_OK)
    quell_model_close(model)
    let reference = CSession(CModel())
    for token in [3, 0, 10] as [UInt32] {
      #expect(quell_session_step(session, token, nil) == QUELL_OK)
      reference.step(token)
    }
    #expect(Array(UnsafeBufferPointer(start: quell_session_logits(session), count: TinyModel.vocabulary)) == reference.logits)
    quell_session_close(session)
  }

  @Test func whatTheCallbackAnswersEndsTheCall() {
    let file = Array(TinyModel().file.build())
    for (answer, status) in [(Int32(QUELL_CANCELLED), QUELL_CANCELLED), (5, QUELL_FILE_UNREADABLE), (-1, QUELL_FILE_UNREADABLE)] {
      let source = Source(file + [UInt8](repeating: 0, count: 2 << 20))
      source.failsAt = 1 << 20
      source.answer = answer
      var model: UnsafeMutablePointer<quell_model>?
      let outcome = source.open(&model)
      #expect(outcome.status == status && outcome.byteOffset == 1 << 20 && model == nil)
      #expect(outcome.message.contains("answered \(answer)"))
    }
  }

  @Test func whatIsNoModelIsRefused() {
    var model: UnsafeMutablePointer<quell_model>?
    #expect(Source([1, 2, 3, 4, 5, 6, 7, 8]).open(&model).status == QUELL_MALFORMED)
    // A message may name what stands in the file, which is gone by then.
    var damaged = Array(TinyModel().file.build())
    let key = damaged.firstRange(of: Array("quell.vocabulary_size".utf8))!
    damaged[key.upperBound] = 0x63
    let outcome = Source(damaged).open(&model)
    #expect(outcome.status == QUELL_MALFORMED && outcome.message.contains("quell.vocabulary_size"))
    #expect(Source(Array(TinyModel().file.build())).open(&model, size: 0).status == QUELL_MALFORMED)
    #expect(quell_model_open_reader(nil, nil, 8, &model, nil) == QUELL_INVALID_ARGUMENT)
    #expect(quell_model_open_reader(Source.read, nil, UInt64.max, &model, nil) == QUELL_OUT_OF_MEMORY)
    #expect(model == nil)
  }
}
