import CQuell

// MARK: Models in memory of the caller's

/// How much memory a model's tables take, for ``quell_model_open_in(_:_:_:_:_:_:_:)``. Weights stay where they are and take none.
///
/// Thread: any.
/// - Parameters:
///   - bytes: As for ``quell_model_open_in(_:_:_:_:_:_:_:)``.
///   - size: How many bytes.
///   - tokenizer: As for ``quell_model_open_in(_:_:_:_:_:_:_:)``.
///   - memory_size: Receives the bytes that the tables take.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_MALFORMED` or `QUELL_UNSUPPORTED` where the bytes are not a model that this version can run;
///   `QUELL_INVALID_ARGUMENT`; `QUELL_OUT_OF_MEMORY` where no machine has that much.
@c public func quell_model_memory_size(
  _ bytes: UnsafeRawPointer?, _ size: UInt64, _ tokenizer: quell_tokenizer_opener?, _ memory_size: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let place = try require(memory_size, "the place for the size")
    place.pointee = UInt64(try ModelStorage.requiredBytes(try modelBytes(bytes, size), tokenizer: tokenizer))
  }
}

/// Opens a model over the bytes of a model file, in flash for instance, with its tables in memory of the caller's: neither this call
/// nor any on the model allocates that does not say so.
///
/// Ownership: bytes and memory stay the caller's and must stay in place, the bytes unchanged and the memory the model's alone, until
/// the model and all its sessions are closed. Close the model with ``quell_model_close(_:)``, which does not release them.
/// ``quell_model_encode(_:_:_:_:_:_:_:)`` still allocates; ``quell_model_encode_in(_:_:_:_:_:_:_:_:_:)`` does not.
/// Thread: any.
/// - Parameters:
///   - bytes: The file's bytes, at an address that is a multiple of 4; a multiple of 64 is fastest.
///   - size: How many bytes.
///   - tokenizer: ``quell_open_tokenizer(_:)``, or null for a model that is given tokens and no text. A program that is linked with
///     the static library and does not name that function leaves out what tokenizers are made of.
///   - memory: At an address that is a multiple of 64.
///   - memory_size: Its bytes, at least what ``quell_model_memory_size(_:_:_:_:_:)`` gives.
///   - model: Receives the model; null where the call fails.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`; else as ``quell_model_memory_size(_:_:_:_:_:)``.
@c public func quell_model_open_in(
  _ bytes: UnsafeRawPointer?, _ size: UInt64, _ tokenizer: quell_tokenizer_opener?, _ memory: UnsafeMutableRawPointer?,
  _ memory_size: UInt64, _ model: UnsafeMutablePointer<UnsafeMutablePointer<quell_model>?>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let model = try require(model, "the place for the model")
    model.pointee = nil
    let start = try require(memory, "the memory for the model's tables").assumingMemoryBound(to: UInt8.self)
    let room = UnsafeMutableRawBufferPointer(try room(start, memory_size, "the memory for the model's tables"))
    model.pointee = handle(try ModelStorage.open(try modelBytes(bytes, size), tokenizer: tokenizer, in: room))
  }
}

/// Opens a model's tokenizer. Not to be called: to be handed to ``quell_model_open_in(_:_:_:_:_:_:_:)``.
@c public func quell_open_tokenizer(_ request: UnsafeMutableRawPointer?) {
  guard let request = request?.assumingMemoryBound(to: TokenizerRequest.self) else { return }
  do throws(Failure) {
    request.pointee.tokenizer = try Tokenizer.open(
      request.pointee.keys, vocabularySize: request.pointee.vocabularySize, in: &request.pointee.arena)
  } catch {
    request.pointee.failure = error
  }
}

// MARK: Sessions in memory of the caller's

/// How much memory a session takes, for ``quell_session_create_in(_:_:_:_:_:_:)``.
///
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - options: How the session will be made, or null for the defaults.
///   - size: Receives the bytes.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`, `QUELL_OUT_OF_MEMORY` where no machine has that much.
@c public func quell_session_memory_size(
  _ model: UnsafePointer<quell_model>?, _ options: UnsafePointer<quell_session_options>?, _ size: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let size = try require(size, "the place for the size")
    size.pointee = UInt64(try SessionStorage.requiredBytes(try storage(model), try sessionOptions(options)))
  }
}

/// Makes a session in memory of the caller's: neither this call nor any on the session allocates, unless a calibration is begun without
/// memory for it.
///
/// Ownership: the memory stays the caller's, and is the session's alone until ``quell_session_close(_:)``, which does not release it.
/// Thread: as ``quell_session_create(_:_:_:_:)``.
/// - Parameters:
///   - model: The model.
///   - options: How, or null for the defaults.
///   - memory: At an address that is a multiple of 64.
///   - size: Its bytes, at least what ``quell_session_memory_size(_:_:_:_:)`` gives for the same options.
///   - session: Receives the session; null where the call fails.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`, `QUELL_UNSUPPORTED` for an option that is not known
///   and for instructions that the processor has not.
@c public func quell_session_create_in(
  _ model: UnsafeMutablePointer<quell_model>?, _ options: UnsafePointer<quell_session_options>?, _ memory: UnsafeMutableRawPointer?,
  _ size: UInt64, _ session: UnsafeMutablePointer<UnsafeMutablePointer<quell_session>?>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let session = try require(session, "the place for the session")
    session.pointee = nil
    let start = try require(memory, "the session's memory").assumingMemoryBound(to: UInt8.self)
    let room = UnsafeMutableRawBufferPointer(try room(start, size, "the session's memory"))
    session.pointee = handle(try SessionStorage.open(try storage(model), try sessionOptions(options), in: room))
  }
}

// MARK: Text in memory of the caller's

/// How much scratch memory a text takes to be encoded, for ``quell_model_encode_in(_:_:_:_:_:_:_:_:_:)``: 28 bytes for each byte of its
/// longest word, and 7.
///
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - text: UTF-8. May be null where `size` is 0.
///   - size: How many bytes.
///   - memory_size: Receives the bytes that encoding takes.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_NO_TOKENIZER`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_encode_memory_size(
  _ model: UnsafePointer<quell_model>?, _ text: UnsafePointer<CChar>?, _ size: UInt64, _ memory_size: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let place = try require(memory_size, "the place for the size")
    let given = UnsafeRawBufferPointer(try elements(text, size, "the text")).assumingMemoryBound(to: UInt8.self)
    place.pointee = UInt64(try tokenizer(model).requiredScratch(for: given))
  }
}

/// Turns a text into tokens as ``quell_model_encode(_:_:_:_:_:_:_:)`` does, in scratch memory of the caller's: nothing is allocated.
///
/// Ownership: the memory is the caller's, and free for anything after the call.
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - text: UTF-8; what is none is read as U+FFFD. May be null where `size` is 0.
///   - size: How many bytes.
///   - memory: At any address; may be null where `memory_size` is 0.
///   - memory_size: Its bytes, at least what ``quell_model_encode_memory_size(_:_:_:_:_:)`` gives; the longest word of many texts is enough
///     for all of them.
///   - tokens: Room for token ids; may be null where `capacity` is 0.
///   - capacity: How many there is room for.
///   - count: Receives the number of tokens, whether they fit or not, where the memory suffices; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL` where the memory or the room for tokens does not suffice, `QUELL_NO_TOKENIZER`,
///   `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_encode_in(
  _ model: UnsafePointer<quell_model>?, _ text: UnsafePointer<CChar>?, _ size: UInt64, _ memory: UnsafeMutableRawPointer?,
  _ memory_size: UInt64, _ tokens: UnsafeMutablePointer<UInt32>?, _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let tokenizer = try tokenizer(model)
    let given = UnsafeRawBufferPointer(try elements(text, size, "the text")).assumingMemoryBound(to: UInt8.self)
    let scratch = try room(memory?.assumingMemoryBound(to: UInt8.self), memory_size, "the scratch memory")
    let room = try room(tokens, capacity, "the array of tokens")
    try tell(try tokenizer.encode(given, into: room, scratch: UnsafeMutableRawBufferPointer(scratch)), of: room, count)
  }
}
