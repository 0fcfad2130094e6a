import Quell

/// Turns tokens into text as they come, in whole characters; what is no UTF-8 becomes U+FFFD.
struct TextStream {
  private var decoder: StreamingDecoder
  private var buffer: [UInt8]

  init(_ tokenizer: Tokenizer) {
    decoder = StreamingDecoder(tokenizer, skippingControl: false)
    buffer = [UInt8](repeating: 0, count: decoder.requiredBytes)
  }

  /// The text that is complete with the next token, perhaps none.
  mutating func append(_ token: UInt32) throws -> String {
    let result = buffer.withUnsafeMutableBufferPointer { buffer in
      Result { () throws(Failure) in try decoder.append(token, into: buffer) }
    }
    return String(decoding: buffer[..<(try result.get())], as: UTF8.self)
  }

  /// What is left when no token follows: a character that was cut off.
  mutating func finish() -> String {
    let count = buffer.withUnsafeMutableBufferPointer { decoder.finish(into: $0) }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
