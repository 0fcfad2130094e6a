import CQuell
import Foundation
import Testing

@testable import Quell

/// A model opened through the C functions, over handmade bytes.
final class CModel {
  private(set) var handle: UnsafeMutablePointer<quell_model>?
  let bytes: AlignedBytes

  init(_ tiny: TinyModel = TinyModel()) {
    bytes = AlignedBytes(tiny.file.build())
    let outcome = Outcome { quell_model_open_memory(bytes.bytes.baseAddress, UInt64(bytes.bytes.count), &handle, $0) }
    #expect(outcome.status == QUELL_OK, "\(outcome.message)")
  }

  func close() {
    quell_model_close(handle)
    handle = nil
  }

  deinit { close() }
}

/// A session made through the C functions.
final class CSession {
  private(set) var handle: UnsafeMutablePointer<quell_session>?

  init(_ model: CModel, contextLength: UInt32 = 0) {
    var options = quell_session_options()
    options.struct_size = UInt32(MemoryLayout<quell_session_options>.size)
    options.context_length = contextLength
    let outcome = Outcome { quell_session_create(model.handle, &options, &handle, $0) }
    #expect(outcome.status == QUELL_OK, "\(outcome.message)")
  }

  func step(_ tokens: UInt32...) {
    for token in tokens {
      let outcome = Outcome { quell_session_step(handle, token, $0) }
      #expect(outcome.status == QUELL_OK, "\(outcome.message)")
    }
  }

  var logits: [Float] { Array(UnsafeBufferPointer(start: quell_session_logits(handle), count: TinyModel.vocabulary)) }

  var state: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(quell_session_state_size(handle)))
    #expect(quell_session_save_state(handle, &bytes, UInt64(bytes.count), nil, nil) == QUELL_OK)
    return bytes
  }

  deinit { quell_session_close(handle) }
}

/// What a call returned, and what it told a `quell_error`.
struct Outcome {
  let status: Int
  let message: String
  let byteOffset: UInt64

  init(_ call: (UnsafeMutablePointer<quell_error>) -> quell_status) {
    var error = quell_error()
    error.struct_size = UInt32(MemoryLayout<quell_error>.size)
    status = Int(call(&error))
    #expect(status == QUELL_OK || error.code == status, "the error must hold the status that was returned")
    byteOffset = error.byte_offset
    message = withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    #expect((status == QUELL_OK) == message.isEmpty)
  }
}
