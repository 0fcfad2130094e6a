import CQuell

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
