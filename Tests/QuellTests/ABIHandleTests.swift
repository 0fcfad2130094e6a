import CQuell
import Testing

@testable import Quell

/// Handles that may no longer be used, or are of something else. In memory of the caller's every one of them is seen.
@Suite struct ABIHandleTests {
  private let bytes = AlignedBytes(TinyModel().file.build())
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  private let sessionMemory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

  private func open() -> UnsafeMutablePointer<quell_model>? {
    var model: UnsafeMutablePointer<quell_model>?
    let size = UInt64(bytes.bytes.count)
    let start = UnsafeRawPointer(bytes.bytes.baseAddress)
    #expect(quell_model_open_in(start, size, nil, memory.baseAddress, UInt64(memory.count), &model, nil) == QUELL_OK)
    return model
  }

  private func create(_ model: UnsafeMutablePointer<quell_model>?) -> UnsafeMutablePointer<quell_session>? {
    var session: UnsafeMutablePointer<quell_session>?
    #expect(quell_session_create_in(model, nil, sessionMemory.baseAddress, UInt64(sessionMemory.count), &session, nil) == QUELL_OK)
    return session
  }

  private func release() {
    memory.deallocate()
    sessionMemory.deallocate()
  }

  private func expectNoSession(_ session: UnsafeMutablePointer<quell_session>?) {
    let outcome = Outcome { quell_session_step(session, 1, $0) }
    #expect(outcome.status == QUELL_INVALID_ARGUMENT && outcome.message == "the handle is of no session that is open")
    #expect(quell_session_logits(session) == nil && quell_session_position(session) == 0 && quell_session_state_size(session) == 0)
    quell_session_reset(session)
    quell_session_cancel(session)
    quell_session_close(session)
  }

  private func expectNoModel(_ model: UnsafeMutablePointer<quell_model>?) {
    var session: UnsafeMutablePointer<quell_session>?
    let outcome = Outcome { quell_session_create(model, nil, &session, $0) }
    #expect(outcome.status == QUELL_INVALID_ARGUMENT && outcome.message == "the handle is of no model that is open" && session == nil)
    #expect(quell_model_vocabulary_size(model) == 0 && quell_model_fingerprint(model) == 0 && quell_model_site_count(model) == 0)
    quell_model_close(model)
  }

  @Test func aClosedSessionIsRefused() {
    defer { release() }
    let model = open()
    let session = create(model)
    #expect(quell_session_step(session, 1, nil) == QUELL_OK)
    quell_session_close(session)
    expectNoSession(session)
    // A second close has not given up the model's share once more.
    let another = create(model)
    quell_model_close(model)
    #expect(quell_session_step(another, 1, nil) == QUELL_OK)
    quell_session_close(another)
  }

  @Test func aModelThatIsClosedTwiceKeepsItsSessions() {
    defer { release() }
    let model = open()
    let session = create(model)
    quell_model_close(model)
    expectNoModel(model)
    expectNoModel(model)
    for token in [1, 2, 3] as [UInt32] { #expect(quell_session_step(session, token, nil) == QUELL_OK) }
    quell_session_close(session)
  }

  /// The model's own memory goes with the last that uses it, not with a second close.
  @Test func aModelInMemoryOfItsOwnThatIsClosedTwiceKeepsItsSessions() {
    let model = CModel()
    let session = CSession(model)
    quell_model_close(model.handle)
    quell_model_close(model.handle)
    expectNoModel(model.handle)
    session.step(1, 2, 3)
  }

  @Test func handlesOfSomethingElseAreRefused() {
    defer { release() }
    let model = open()
    let session = create(model)
    expectNoSession(UnsafeMutableRawPointer(model)?.assumingMemoryBound(to: quell_session.self))
    expectNoModel(UnsafeMutableRawPointer(session)?.assumingMemoryBound(to: quell_model.self))
    let zeros = AlignedBytes(.init(count: 256))
    expectNoSession(zeros.bytes.baseAddress?.assumingMemoryBound(to: quell_session.self))
    expectNoModel(zeros.bytes.baseAddress?.assumingMemoryBound(to: quell_model.self))
    quell_session_close(session)
    quell_model_close(model)
  }
}
