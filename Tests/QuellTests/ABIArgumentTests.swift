import CQuell
import Foundation
import Testing

@testable import Quell

@Suite struct ABIArgumentTests {
  @Test func nullHandlesAreRefusedWithAName() {
    var number: UInt32 = 0
    var size: UInt64 = 0
    var float: Float = 0
    var session: UnsafeMutablePointer<quell_session>?
    var counts = quell_counts()
    var cost = quell_cost()
    var sampler = quell_sampler()
    var bytes: UnsafePointer<CChar>?
    let calls: [(String, (UnsafeMutablePointer<quell_error>) -> quell_status)] = [
      ("the model is null", { quell_model_name(nil, nil, 0, &size, $0) }),
      ("the model is null", { quell_model_site_name(nil, 0, nil, 0, &size, $0) }),
      ("the model is null", { quell_model_site_kind(nil, 0, nil, 0, &size, $0) }),
      ("the model is null", { quell_model_encode(nil, "a", 1, &number, 1, &size, $0) }),
      ("the model is null", { quell_model_decode(nil, &number, 1, nil, 0, &size, $0) }),
      ("the model is null", { quell_model_token_bytes(nil, 0, &bytes, &size, $0) }),
      ("the model is null", { quell_session_create(nil, nil, &session, $0) }),
      ("the model is null", { quell_session_memory_size(nil, nil, &size, $0) }),
      ("the session is null", { quell_session_step(nil, 0, $0) }),
      ("the session is null", { quell_session_prefill(nil, &number, 1, $0) }),
      ("the session is null", { quell_session_sample(nil, &sampler, &number, $0) }),
      ("the session is null", { quell_session_get_threshold(nil, 0, &float, $0) }),
      ("the session is null", { quell_session_set_threshold(nil, 0, 0, $0) }),
      ("the session is null", { quell_session_counts(nil, &counts, $0) }),
      ("the session is null", { quell_session_estimate_cost(nil, &cost, $0) }),
      ("the session is null", { quell_session_save_state(nil, nil, 0, &size, $0) }),
      ("the session is null", { quell_session_restore_state(nil, nil, 0, $0) }),
      ("the sampler is null", { quell_sampler_initialize(nil, nil, $0) }),
    ]
    for (message, call) in calls {
      let outcome = Outcome(call)
      #expect(outcome.status == QUELL_INVALID_ARGUMENT)
      #expect(outcome.message == message)
      #expect(outcome.byteOffset == UInt64.max)
    }
  }

  @Test func gettersAnswerNullWithNothing() {
    #expect(quell_model_vocabulary_size(nil) == 0)
    #expect(quell_model_context_length(nil) == 0)
    #expect(quell_model_site_count(nil) == 0)
    #expect(quell_model_site_inputs(nil, 0) == 0)
    #expect(quell_model_site_outputs(nil, 0) == 0)
    #expect(!quell_model_site_is_head(nil, 0))
    #expect(!quell_model_token_is_control(nil, 0))
    #expect(quell_model_beginning_token(nil) == QUELL_NO_TOKEN)
    #expect(quell_model_end_token(nil) == QUELL_NO_TOKEN)
    #expect(quell_session_logits(nil) == nil)
    #expect(quell_session_position(nil) == 0)
    #expect(quell_session_capacity(nil) == 0)
    #expect(quell_session_site_events(nil, 0) == 0)
    #expect(quell_session_state_size(nil) == 0)
    quell_model_close(nil)
    quell_session_close(nil)
    quell_session_reset(nil)
    quell_session_cancel(nil)
    quell_session_reset_counts(nil)
  }

  @Test func nullPlacesAreRefused() {
    let model = CModel()
    let session = CSession(model)
    session.step(1)
    let calls: [(UnsafeMutablePointer<quell_error>) -> quell_status] = [
      { quell_model_open_file("x", nil, $0) },
      { quell_model_open_memory(model.bytes.bytes.baseAddress, 1, nil, $0) },
      { quell_session_create(model.handle, nil, nil, $0) },
      { quell_session_memory_size(model.handle, nil, nil, $0) },
      { quell_session_prefill(session.handle, nil, 1, $0) },
      { quell_session_get_threshold(session.handle, 0, nil, $0) },
      { quell_session_counts(session.handle, nil, $0) },
      { quell_session_estimate_cost(session.handle, nil, $0) },
      { quell_session_save_state(session.handle, nil, 1, nil, $0) },
      { quell_session_restore_state(session.handle, nil, 1, $0) },
    ]
    for call in calls { #expect(Outcome(call).status == QUELL_INVALID_ARGUMENT) }
    var handle: UnsafeMutablePointer<quell_model>?
    #expect(Outcome { quell_model_open_file(nil, &handle, $0) }.message == "the path is null")
    #expect(Outcome { quell_model_open_memory(nil, 8, &handle, $0) }.message == "the model's memory is null")
  }

  @Test func sizesBeyondAllMemoryAreRefused() {
    let model = CModel()
    let session = CSession(model)
    var tokens: [UInt32] = [1]
    for count in [UInt64.max, UInt64(Int64.max), 1 << 62] {
      let outcome = Outcome { quell_session_prefill(session.handle, &tokens, count, $0) }
      #expect(outcome.status == QUELL_INVALID_ARGUMENT)
      #expect(outcome.message.contains("larger than all memory"))
    }
  }

  @Test func aFailureLeavesNoHandle() {
    let unused = UnsafeMutableRawPointer(bitPattern: 64)!
    var model: UnsafeMutablePointer<quell_model>? = unused.assumingMemoryBound(to: quell_model.self)
    #expect(Outcome { quell_model_open_file("/no such file", &model, $0) }.status == QUELL_FILE_UNREADABLE)
    #expect(model == nil)
    var session: UnsafeMutablePointer<quell_session>? = unused.assumingMemoryBound(to: quell_session.self)
    #expect(quell_session_create(nil, nil, &session, nil) == QUELL_INVALID_ARGUMENT)
    #expect(session == nil)
  }

  @Test func memoryOfAModelMustBeAligned() {
    let bytes = AlignedBytes(Data(count: 8) + TinyModel().file.build())
    var model: UnsafeMutablePointer<quell_model>?
    for shift in 1...3 {
      let outcome = Outcome { quell_model_open_memory(bytes.bytes.baseAddress! + shift, UInt64(bytes.bytes.count - shift), &model, $0) }
      #expect(outcome.status == QUELL_INVALID_ARGUMENT)
    }
    // A multiple of 4 suffices, and what was opened runs.
    let start = AlignedBytes(Data(count: 4) + TinyModel().file.build())
    #expect(quell_model_open_memory(start.bytes.baseAddress! + 4, UInt64(start.bytes.count - 4), &model, nil) == QUELL_OK)
    var session: UnsafeMutablePointer<quell_session>?
    #expect(quell_session_create(model, nil, &session, nil) == QUELL_OK)
    #expect(quell_session_step(session, 1, nil) == QUELL_OK)
    quell_session_close(session)
    quell_model_close(model)
  }

  // MARK: Structures that grow

  @Test func optionsOfAnotherSize() {
    let model = CModel()
    var size: UInt64 = 0
    func memorySize(_ bytes: [UInt32], structSize: UInt32) -> Outcome {
      var words = bytes
      words[0] = structSize
      return words.withUnsafeBytes { words in
        Outcome {
          quell_session_memory_size(model.handle, words.baseAddress!.assumingMemoryBound(to: quell_session_options.self), &size, $0)
        }
      }
    }
    for structSize in [0, 1, 7, 5000, UInt32.max] {
      let outcome = memorySize([0, 0, 0, 0], structSize: structSize)
      #expect(outcome.status == QUELL_INVALID_ARGUMENT)
      #expect(outcome.message.contains("struct_size"))
    }
    // A program of a later version, which leaves what this one does not know at zero.
    #expect(memorySize([0, 5, 0, 0, 0, 0, 0, 0], structSize: 32).status == QUELL_OK)
    #expect(memorySize([0, 5, 0, 0, 0, 0, 0, 1], structSize: 32).status == QUELL_UNSUPPORTED)
    #expect(memorySize([0, 5, 1], structSize: 12).status == QUELL_OK)
    #expect(memorySize([0, 5, 4], structSize: 12).message.contains("instruction set"))
  }

  @Test func answersOfAnotherSize() {
    let model = CModel()
    let session = CSession(model)
    session.step(1, 2)
    let known = MemoryLayout<quell_counts>.size
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 16)
    defer { words.deallocate() }
    words.update(repeating: UInt64.max, count: 16)
    func counts(structSize: UInt32) -> Int {
      UnsafeMutableRawPointer(words).storeBytes(of: structSize, as: UInt32.self)
      return words.withMemoryRebound(to: quell_counts.self, capacity: 1) { Int(quell_session_counts(session.handle, $0, nil)) }
    }
    #expect(counts(structSize: UInt32(known - 1)) == QUELL_INVALID_ARGUMENT)
    #expect(counts(structSize: UInt32(known + 8)) == QUELL_OK)
    #expect(words[1] == 2)
    // What only the caller knows becomes zero; what lies behind its structure is not touched.
    #expect(words[known / 8] == 0)
    #expect(words[known / 8 + 1] == UInt64.max)
  }

  @Test func anErrorOfAnotherSizeIsNotWritten() {
    var error = quell_error()
    error.struct_size = 12
    error.code = 77
    #expect(quell_session_step(nil, 0, &error) == QUELL_INVALID_ARGUMENT)
    #expect(error.code == 77)
    #expect(quell_session_step(nil, 0, nil) == QUELL_INVALID_ARGUMENT)
  }

  @Test func theHeaderSOffsetsAreSwiftS() {
    #expect(MemoryLayout<quell_error>.offset(of: \.message) == quell_error_message_offset)
    #expect(MemoryLayout<SamplerRecord>.size <= MemoryLayout<quell_sampler>.size)
    #expect(quell_session_options.firstSize == MemoryLayout<quell_session_options>.offset(of: \.instruction_set))
    #expect(quell_sampler_options.firstSize == MemoryLayout<quell_sampler_options>.size)
    #expect(quell_counts.firstSize == MemoryLayout<quell_counts>.size)
    #expect(quell_cost.firstSize == MemoryLayout<quell_cost>.size)
  }

  @Test func statusesHaveNames() {
    #expect(String(cString: quell_status_name(0)) == "QUELL_OK")
    #expect(String(cString: quell_status_name(19)) == "QUELL_FILE_UNWRITABLE")
    #expect(String(cString: quell_status_name(34)) == "QUELL_STATE_MISMATCH")
    #expect(String(cString: quell_status_name(-1)) == "unknown status")
    #expect(String(cString: quell_version()) == QUELL_VERSION)
    #expect(QUELL_VERSION == "\(QUELL_VERSION_MAJOR).\(QUELL_VERSION_MINOR).\(QUELL_VERSION_PATCH)")
    #expect(quell_version_number() == UInt32(QUELL_VERSION_MAJOR * 1_000_000 + QUELL_VERSION_MINOR * 1000 + QUELL_VERSION_PATCH))
    let built = String(cString: quell_build_information())
    #expect(built.hasPrefix("\(QUELL_VERSION) ") && built.contains(" for ") && built.contains(", by Swift"))
    #expect(quell_abi_version() == UInt32(QUELL_ABI_VERSION))
  }
}
