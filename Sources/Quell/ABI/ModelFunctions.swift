import CQuell

// MARK: Models

/// Opens a model file by mapping it: weights are read when they are used, and never copied.
///
/// Ownership: the model is the caller's; close it with ``quell_model_close(_:)``. The file must stay as it is until then and until
/// all its sessions are closed. To remove it or to put another in its place does no harm; to shorten it ends the process by SIGBUS. A
/// file that strangers can write to is opened by ``quell_model_open_reader(_:_:_:_:_:)``, which takes a copy.
/// Thread: any.
/// - Parameters:
///   - path: The file's path, ended by a zero byte.
///   - model: Receives the model; null where the call fails.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_FILE_UNREADABLE`; `QUELL_MALFORMED` or `QUELL_UNSUPPORTED` where the file is not a model that this
///   version can run; `QUELL_OUT_OF_MEMORY`; `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_open_file(
  _ path: UnsafePointer<CChar>?, _ model: UnsafeMutablePointer<UnsafeMutablePointer<quell_model>?>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  var mapped: UnsafeRawBufferPointer?
  defer { ModelStorage.unmap(mapped) }
  return report(to: error) { () throws(Failure) in
    let model = try require(model, "the place for the model")
    model.pointee = nil
    model.pointee = handle(try ModelStorage.open(path: try require(path, "the path"), mapped: &mapped))
  }
}

/// Opens a model over the bytes of a model file in memory, in flash for instance. Nothing but small tables is allocated.
///
/// Ownership: the bytes stay the caller's and must stay in place, unchanged, until the model and all its sessions are closed. The
/// model is the caller's; close it with ``quell_model_close(_:)``.
/// Thread: any.
/// - Parameters:
///   - bytes: The file's bytes, at an address that is a multiple of 4; a multiple of 64 is fastest.
///   - size: How many bytes.
///   - model: Receives the model; null where the call fails.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: As ``quell_model_open_file(_:_:_:)``.
@c public func quell_model_open_memory(
  _ bytes: UnsafeRawPointer?, _ size: UInt64, _ model: UnsafeMutablePointer<UnsafeMutablePointer<quell_model>?>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let model = try require(model, "the place for the model")
    model.pointee = nil
    model.pointee = handle(try ModelStorage.open(try modelBytes(bytes, size)))
  }
}

/// Closes a model. Sessions that use it keep what they need until they are closed themselves. Null is ignored.
///
/// Thread: any; once for each model.
@c public func quell_model_close(_ model: UnsafeMutablePointer<quell_model>?) {
  guard let storage = storageOrNil(model) else { return }
  storage.pointee.mark = 0
  ModelStorage.release(storage)
}

/// How many logits a step gives; token ids are below it. 0 for null. Thread: any.
@c public func quell_model_vocabulary_size(_ model: UnsafePointer<quell_model>?) -> UInt32 {
  storageOrNil(model).map { UInt32($0.pointee.vocabularySize) } ?? 0
}

/// The greatest number of positions, 0 where nothing limits it and for null. Thread: any.
@c public func quell_model_context_length(_ model: UnsafePointer<quell_model>?) -> UInt32 {
  storageOrNil(model).map { UInt32($0.pointee.contextLength) } ?? 0
}

/// The name for people that the file carries, empty where it carries none.
///
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - text: Room for the name and a zero byte; may be null where `capacity` is 0.
///   - capacity: Bytes of room.
///   - size: Receives the bytes of the name without the zero, whether it fits or not; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_name(
  _ model: UnsafePointer<quell_model>?, _ text: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ size: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try copyText(try storage(model).pointee.name, text, capacity, size)
  }
}

/// A number that depends on the model's program and on a sample of its weights; files of thresholds name the model by it. 0 for null.
///
/// Touches one page of memory for each sample at most. Thread: any.
@c public func quell_model_fingerprint(_ model: UnsafePointer<quell_model>?) -> UInt64 {
  storageOrNil(model).map { $0.pointee.weightFingerprint() } ?? 0
}

/// The bytes of a model file that a caller has in memory.
func modelBytes(_ bytes: UnsafeRawPointer?, _ size: UInt64) throws(Failure) -> UnsafeRawBufferPointer {
  let start = try require(bytes, "the model's memory").assumingMemoryBound(to: UInt8.self)
  guard UInt(bitPattern: start) % 4 == 0 else {
    throw Failure(QUELL_INVALID_ARGUMENT, "the address of the model's memory is not a multiple of 4")
  }
  return UnsafeRawBufferPointer(try elements(start, size, "the model's memory"))
}

func handle(_ storage: UnsafeMutablePointer<ModelStorage>) -> UnsafeMutablePointer<quell_model> {
  UnsafeMutableRawPointer(storage).assumingMemoryBound(to: quell_model.self)
}
