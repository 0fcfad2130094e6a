import CQuell

// MARK: Saved states

/// Writes what a session has of the tokens so far, to go on from another time or in another process. The session goes on unchanged.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - bytes: Room for the state; may be null where `capacity` is 0.
///   - capacity: Bytes of room.
///   - size: Receives the bytes of the state, whether it fits or not; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_save_state(
  _ session: UnsafePointer<quell_session>?, _ bytes: UnsafeMutableRawPointer?, _ capacity: UInt64, _ size: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let storage = try storage(session)
    let room = try room(bytes?.assumingMemoryBound(to: UInt8.self), capacity, "the buffer for the state")
    size?.pointee = UInt64(storage.pointee.savedStateSize)
    _ = try storage.pointee.saveState(into: UnsafeMutableRawBufferPointer(room))
  }
}

/// Bytes that ``quell_session_save_state(_:_:_:_:_:)`` would write now. 0 for null. Thread: the session's.
@c public func quell_session_state_size(_ session: UnsafePointer<quell_session>?) -> UInt64 {
  storageOrNil(session).map { UInt64($0.pointee.savedStateSize) } ?? 0
}

/// Goes on from a saved state. Thresholds and counters stay; there are no logits before the next step. A failure leaves the session
/// as it was. The bytes are checked: any may be given.
///
/// Thread: the session's.
/// - Parameters:
///   - session: A session of the same model that the state was saved from.
///   - bytes: The state; may be null where `size` is 0.
///   - size: How many bytes.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_STATE_MISMATCH` where the bytes are no state of this model; `QUELL_UNSUPPORTED` where they are of another
///   version; `QUELL_CONTEXT_FULL` where the session is too small for them; `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_restore_state(
  _ session: UnsafeMutablePointer<quell_session>?, _ bytes: UnsafeRawPointer?, _ size: UInt64, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let given = try elements(bytes?.assumingMemoryBound(to: UInt8.self), size, "the saved state")
    try storage(session).pointee.restoreState(from: UnsafeRawBufferPointer(given))
  }
}
