import CQuell
import Foundation
import Testing

@testable import Quell

private let tokens: [UInt32] = [3, 0, 10, 7, 7, 1, 2]

@Suite struct ABISessionTests {
  @Test func logitsAreThoseOfTheFormulas() {
    let tiny = TinyModel(format: .f16)
    let model = CModel(tiny)
    let session = CSession(model)
    for (token, expected) in zip(tokens, tiny.reference(tokens)) {
      session.step(token)
      let error = zip(session.logits, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      #expect(error < 2e-5)
    }
    #expect(quell_session_position(session.handle) == UInt64(tokens.count))
  }

  @Test func aModelTellsWhatItIs() {
    let model = CModel()
    #expect(quell_model_vocabulary_size(model.handle) == UInt32(TinyModel.vocabulary))
    #expect(quell_model_context_length(model.handle) == UInt32(TinyModel.context))
    #expect(quell_model_site_count(model.handle) == 4)
    #expect(quell_model_site_inputs(model.handle, 1) == UInt64(TinyModel.hidden))
    #expect(quell_model_site_outputs(model.handle, 2) == UInt64(3 * TinyModel.width))
    #expect(quell_model_site_is_head(model.handle, 3) && !quell_model_site_is_head(model.handle, 2))
    #expect(quell_model_site_inputs(model.handle, 4) == 0)
  }

  @Test func textsComeInTwoCalls() {
    let model = CModel()
    var size: UInt64 = 0
    let first = Outcome { quell_model_site_name(model.handle, 1, nil, 0, &size, $0) }
    #expect(first.status == QUELL_BUFFER_TOO_SMALL)
    #expect(size == 11)
    var text = [CChar](repeating: 88, count: 13)
    // Room for the letters and not for the zero is too little, and nothing is written.
    #expect(quell_model_site_name(model.handle, 1, &text, 11, &size, nil) == QUELL_BUFFER_TOO_SMALL)
    #expect(text[0] == 88)
    #expect(quell_model_site_name(model.handle, 1, &text, 12, &size, nil) == QUELL_OK)
    #expect(text.map { UInt8(bitPattern: $0) } == Array("block.value".utf8) + [0, 88])
    #expect(Outcome { quell_model_site_kind(model.handle, 4, &text, 13, nil, $0) }.message == "there is no site 4; sites: 4")
    #expect(quell_model_name(model.handle, &text, 13, &size, nil) == QUELL_OK)
    #expect(size == 4)
  }

  @Test func prefillIsAsManySteps() {
    let model = CModel()
    let (stepped, filled) = (CSession(model), CSession(model))
    for token in tokens { stepped.step(token) }
    #expect(quell_session_prefill(filled.handle, tokens, UInt64(tokens.count), nil) == QUELL_OK)
    #expect(filled.logits == stepped.logits)
    #expect(quell_session_prefill(filled.handle, nil, 0, nil) == QUELL_OK)
    let before = filled.state
    #expect(Outcome { quell_session_prefill(filled.handle, [1, 11], 2, $0) }.status == QUELL_TOKEN_OUT_OF_RANGE)
    #expect(Outcome { quell_session_prefill(filled.handle, [1, 1, 1], 3, $0) }.status == QUELL_CONTEXT_FULL)
    #expect(filled.state == before)
  }

  @Test func tokensOutOfRangeAndAFullContext() {
    let model = CModel()
    let session = CSession(model, contextLength: 2)
    #expect(quell_session_capacity(session.handle) == 2)
    for token in [UInt32(TinyModel.vocabulary), UInt32.max] {
      let outcome = Outcome { quell_session_step(session.handle, token, $0) }
      #expect(outcome.status == QUELL_TOKEN_OUT_OF_RANGE)
      #expect(outcome.message.contains("\(token)"))
    }
    session.step(1, 2)
    let logits = session.logits
    #expect(Outcome { quell_session_step(session.handle, 3, $0) }.status == QUELL_CONTEXT_FULL)
    #expect(session.logits == logits)
    quell_session_reset(session.handle)
    session.step(1, 2)
    #expect(session.logits == logits)
  }

  // MARK: Memory

  @Test func aSessionInMemoryOfTheCallerS() {
    let model = CModel()
    var options = quell_session_options()
    (options.struct_size, options.context_length) = (8, 5)
    var size: UInt64 = 0
    #expect(quell_session_memory_size(model.handle, &options, &size, nil) == QUELL_OK)
    #expect(size > 0 && size < 100_000)
    let guardSize = 64
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + guardSize, alignment: 64)
    defer { memory.deallocate() }
    for index in memory.indices { memory[index] = 0xa5 }
    var session: UnsafeMutablePointer<quell_session>?

    let tooSmall = Outcome { quell_session_create_in(model.handle, &options, memory.baseAddress, size - 64, &session, $0) }
    #expect(tooSmall.status == QUELL_BUFFER_TOO_SMALL)
    #expect(tooSmall.message.contains("\(size)"))
    for shift in [1, 4, 32] {
      let outcome = Outcome { quell_session_create_in(model.handle, &options, memory.baseAddress! + shift, size, &session, $0) }
      #expect(outcome.status == QUELL_INVALID_ARGUMENT)
    }
    #expect(Outcome { quell_session_create_in(model.handle, &options, nil, size, &session, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(session == nil)

    #expect(quell_session_create_in(model.handle, &options, memory.baseAddress, size, &session, nil) == QUELL_OK)
    let reference = CSession(model)
    for token in tokens.prefix(5) {
      #expect(quell_session_step(session, token, nil) == QUELL_OK)
      reference.step(token)
    }
    #expect(Array(UnsafeBufferPointer(start: quell_session_logits(session), count: TinyModel.vocabulary)) == reference.logits)
    quell_session_close(session)
    #expect(memory[Int(size)...].allSatisfy { $0 == 0xa5 })
  }

  @Test func memoryThatGrowsByteByByteFailsCleanlyUntilItIsEnough() {
    let model = CModel()
    var size: UInt64 = 0
    #expect(quell_session_memory_size(model.handle, nil, &size, nil) == QUELL_OK)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 64)
    defer { memory.deallocate() }
    var session: UnsafeMutablePointer<quell_session>?
    var given: UInt64 = 0
    var status = QUELL_BUFFER_TOO_SMALL
    while status == QUELL_BUFFER_TOO_SMALL, given <= size {
      status = Int(quell_session_create_in(model.handle, nil, memory.baseAddress, given, &session, nil))
      given += 1
    }
    #expect(status == QUELL_OK)
    // The size that is told is rounded up to the alignment.
    #expect(size - (given - 1) < 64)
    quell_session_close(session)
  }

  @Test func aModelClosedBeforeItsSessions() {
    let model = CModel()
    let (first, second) = (CSession(model), CSession(model))
    model.close()
    first.step(1, 2)
    second.step(1, 2)
    #expect(first.logits == second.logits)
  }

  @Test func sessionsOfOneModelDoNotMeet() {
    let model = CModel()
    let (first, second, alone) = (CSession(model), CSession(model), CSession(model))
    #expect(quell_session_set_threshold(second.handle, 0, 0.4, nil) == QUELL_OK)
    for token in tokens {
      first.step(token)
      second.step(token == 0 ? 0 : token - 1)
    }
    for token in tokens { alone.step(token) }
    #expect(first.logits == alone.logits)
    #expect(second.logits != alone.logits)
  }

  // MARK: States

  @Test func aSavedStateGoesOn() {
    let model = CModel()
    let session = CSession(model)
    session.step(3, 0, 10)
    let state = session.state
    var needed: UInt64 = 0
    #expect(Outcome { quell_session_save_state(session.handle, nil, 0, &needed, $0) }.status == QUELL_BUFFER_TOO_SMALL)
    #expect(needed == UInt64(state.count))
    session.step(7)
    let other = CSession(model, contextLength: 4)
    #expect(quell_session_restore_state(other.handle, state, needed, nil) == QUELL_OK)
    #expect(quell_session_position(other.handle) == 3)
    other.step(7)
    #expect(other.logits == session.logits)

    let before = other.state
    for count in 0..<state.count {
      #expect(Outcome { quell_session_restore_state(other.handle, state, UInt64(count), $0) }.status == QUELL_STATE_MISMATCH)
    }
    #expect(other.state == before)
  }

  // MARK: Events

  @Test func thresholdsAreChecked() {
    let model = CModel()
    let session = CSession(model)
    for threshold in [-1, -0.0, Float.infinity, .nan] {
      #expect(Outcome { quell_session_set_threshold(session.handle, 0, threshold, $0) }.status == QUELL_INVALID_ARGUMENT)
    }
    #expect(Outcome { quell_session_set_threshold(session.handle, 4, 1, $0) }.message.contains("no site 4"))
    #expect(Outcome { quell_session_set_threshold(session.handle, UInt32.max, 1, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(quell_session_set_threshold(session.handle, 2, 0.25, nil) == QUELL_OK)
    var threshold: Float = -1
    #expect(quell_session_get_threshold(session.handle, 2, &threshold, nil) == QUELL_OK)
    #expect(threshold == 0.25)
    #expect(Outcome { quell_session_get_threshold(session.handle, 4, &threshold, $0) }.status == QUELL_INVALID_ARGUMENT)
  }

  @Test func countsAndCost() {
    let model = CModel()
    let session = CSession(model)
    #expect(quell_session_set_threshold(session.handle, 0, 1e9, nil) == QUELL_OK)
    for token in tokens { session.step(token) }
    var counts = quell_counts()
    counts.struct_size = UInt32(MemoryLayout<quell_counts>.size)
    #expect(quell_session_counts(session.handle, &counts, nil) == QUELL_OK)
    let (width, hidden, vocabulary) = (UInt64(TinyModel.width), UInt64(TinyModel.hidden), UInt64(TinyModel.vocabulary))
    let steps = UInt64(tokens.count)
    let events = (0..<4).map { quell_session_site_events(session.handle, $0) }
    #expect(counts.tokens == steps)
    #expect(events[0] == 0)
    #expect(counts.events == events.reduce(0, +))
    #expect(counts.dense_macs == steps * (2 * width * hidden + 3 * width * width))
    #expect(counts.effective_macs == events[1] * width + events[2] * 3 * width)
    #expect(counts.head_effective_macs == events[3] * vocabulary)
    #expect(counts.head_dense_macs == steps * width * vocabulary)

    var cost = quell_cost()
    cost.struct_size = UInt32(MemoryLayout<quell_cost>.size)
    #expect(quell_session_estimate_cost(session.handle, &cost, nil) == QUELL_OK)
    #expect(0 < cost.energy && cost.energy < cost.dense_energy)
    #expect(0 < cost.latency && cost.latency < cost.dense_latency)
    quell_session_reset_counts(session.handle)
    #expect(quell_session_site_events(session.handle, 3) == 0)
    #expect(quell_session_estimate_cost(session.handle, &cost, nil) == QUELL_OK)
    #expect(cost.dense_energy == 0)
  }

  // MARK: Sampling

  @Test func samplers() {
    let model = CModel()
    let session = CSession(model)
    var sampler = quell_sampler()
    var token: UInt32 = 0
    #expect(Outcome { quell_session_sample(session.handle, &sampler, &token, $0) }.message.contains("quell_sampler_initialize"))
    #expect(quell_sampler_initialize(&sampler, nil, nil) == QUELL_OK)
    #expect(Outcome { quell_session_sample(session.handle, &sampler, &token, $0) }.message.contains("step the session first"))
    session.step(1)
    #expect(quell_session_sample(session.handle, &sampler, &token, nil) == QUELL_OK)
    #expect(Int(token) == session.logits.indices.max { session.logits[$0] < session.logits[$1] })
    for bad in [
      quell_sampler_options(struct_size: 24, temperature: -1, top_k: 0, top_p: 0, seed: 0),
      quell_sampler_options(struct_size: 24, temperature: .nan, top_k: 0, top_p: 0, seed: 0),
      quell_sampler_options(struct_size: 24, temperature: 1, top_k: 0, top_p: 1.5, seed: 0),
      quell_sampler_options(struct_size: 0, temperature: 1, top_k: 0, top_p: 1, seed: 0),
    ] {
      var options = bad
      #expect(Outcome { quell_sampler_initialize(&sampler, &options, $0) }.status == QUELL_INVALID_ARGUMENT)
    }
    // A copy goes on from where the original was.
    var options = quell_sampler_options(struct_size: 24, temperature: 3, top_k: 0, top_p: 1, seed: 9)
    #expect(quell_sampler_initialize(&sampler, &options, nil) == QUELL_OK)
    func draws(_ sampler: inout quell_sampler) -> [UInt32] {
      (0..<50).map { _ in
        #expect(quell_session_sample(session.handle, &sampler, &token, nil) == QUELL_OK)
        return token
      }
    }
    _ = draws(&sampler)
    var copy = sampler
    let next = draws(&sampler)
    #expect(draws(&copy) == next)
    #expect(Set(next).count > 3)
  }
}
