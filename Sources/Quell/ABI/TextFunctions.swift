import CQuell

// MARK: Text

/// Turns a text into tokens, with the token that begins a text in front where the model wants one.
///
/// Allocates scratch memory for the time of the call: 28 bytes for each byte of the longest word. Where nothing is to be allocated,
/// ``quell_model_encode_in(_:_:_:_:_:_:_:_:_:)`` is given it.
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - text: UTF-8; what is none is read as U+FFFD. May be null where `size` is 0.
///   - size: How many bytes.
///   - tokens: Room for token ids; may be null where `capacity` is 0.
///   - capacity: How many there is room for.
///   - count: Receives the number of tokens, whether they fit or not; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_NO_TOKENIZER`, `QUELL_OUT_OF_MEMORY`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_encode(
  _ model: UnsafePointer<quell_model>?, _ text: UnsafePointer<CChar>?, _ size: UInt64, _ tokens: UnsafeMutablePointer<UInt32>?,
  _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let tokenizer = try tokenizer(model)
    let given = UnsafeRawBufferPointer(try elements(text, size, "the text")).assumingMemoryBound(to: UInt8.self)
    let room = try room(tokens, capacity, "the array of tokens")
    try tell(try encode(given, with: tokenizer, into: room), of: room, count)
  }
}

/// Turns tokens into the bytes of their text, one after the other, without a zero at the end; perhaps not whole characters.
///
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - tokens: The token ids; may be null where `count` is 0.
///   - count: How many.
///   - text: Room for the bytes; may be null where `capacity` is 0.
///   - capacity: Bytes of room.
///   - size: Receives the bytes of the text, whether they fit or not; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_TOKEN_OUT_OF_RANGE` for an id that the tokenizer does not have,
///   `QUELL_NO_TOKENIZER`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_decode(
  _ model: UnsafePointer<quell_model>?, _ tokens: UnsafePointer<UInt32>?, _ count: UInt64, _ text: UnsafeMutablePointer<CChar>?,
  _ capacity: UInt64, _ size: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let tokenizer = try tokenizer(model)
    let given = try elements(tokens, count, "the array of tokens")
    let room = UnsafeMutableRawBufferPointer(try room(text, capacity, "the buffer for the text")).assumingMemoryBound(to: UInt8.self)
    let needed = try tokenizer.decode(given, into: room)
    size?.pointee = UInt64(needed)
    guard needed <= room.count else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "the buffer for the text is too small; bytes of the text: ").then(needed)
    }
  }
}

/// The bytes of one token, where they stand in the model's memory; perhaps not whole characters, and not ended by a zero.
///
/// Ownership: the model's.
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - token: The token id.
///   - bytes: Receives the address of the first.
///   - size: Receives how many there are.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_TOKEN_OUT_OF_RANGE` for an id that the tokenizer does not have, `QUELL_NO_TOKENIZER`,
///   `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_token_bytes(
  _ model: UnsafePointer<quell_model>?, _ token: UInt32, _ bytes: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ size: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let place = try require(bytes, "the place for the address")
    let size = try require(size, "the place for the size")
    let found = UnsafeRawBufferPointer(try tokenizer(model).bytes(of: token))
    place.pointee = found.baseAddress?.assumingMemoryBound(to: CChar.self)
    size.pointee = UInt64(found.count)
  }
}

/// Whether a token steers the model rather than stand for text. False for an id that the tokenizer does not have. Thread: any.
@c public func quell_model_token_is_control(_ model: UnsafePointer<quell_model>?, _ token: UInt32) -> Bool {
  guard let tokenizer = storageOrNil(model)?.pointee.tokenizer else { return false }
  do throws(Failure) { return try tokenizer.isControl(token) } catch { return false }
}

/// The token that begins a text, `QUELL_NO_TOKEN` where the model has none. Thread: any.
@c public func quell_model_beginning_token(_ model: UnsafePointer<quell_model>?) -> UInt32 {
  storageOrNil(model)?.pointee.tokenizer?.beginning ?? UInt32(QUELL_NO_TOKEN)
}

/// The token that ends a text, `QUELL_NO_TOKEN` where the model has none. Thread: any.
@c public func quell_model_end_token(_ model: UnsafePointer<quell_model>?) -> UInt32 {
  storageOrNil(model)?.pointee.tokenizer?.end ?? UInt32(QUELL_NO_TOKEN)
}

func tokenizer(_ model: UnsafePointer<quell_model>?) throws(Failure) -> Tokenizer {
  guard let tokenizer = try storage(model).pointee.tokenizer else {
    throw Failure(QUELL_NO_TOKENIZER, "the model carries no tokenizer: import it again with one")
  }
  return tokenizer
}

/// Stores how many tokens a text has; a failure where that is more than there was room for.
func tell(_ needed: Int, of room: UnsafeMutableBufferPointer<UInt32>, _ count: UnsafeMutablePointer<UInt64>?) throws(Failure) {
  count?.pointee = UInt64(needed)
  guard needed <= room.count else {
    throw Failure(QUELL_BUFFER_TOO_SMALL, "the array of tokens is too small; tokens of the text: ").then(needed)
  }
}

/// Encodes with scratch memory of the platform's.
private func encode(
  _ text: UnsafeBufferPointer<UInt8>, with tokenizer: Tokenizer, into room: UnsafeMutableBufferPointer<UInt32>
) throws(Failure) -> Int {
  let size = tokenizer.requiredScratch(for: text)
  guard let block = quell_platform_allocate(size, Arena.alignment) else {
    throw Failure(QUELL_OUT_OF_MEMORY, "no memory to encode the text, bytes: ").then(size)
  }
  defer { quell_platform_free(block) }
  return try tokenizer.encode(text, into: room, scratch: UnsafeMutableRawBufferPointer(start: block, count: size))
}
