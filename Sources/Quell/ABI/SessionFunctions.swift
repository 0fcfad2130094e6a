import CQuell

// MARK: Sessions

/// Makes a session: one run of the model, with the thresholds that the file carries.
///
/// Ownership: the session is the caller's; close it with ``quell_session_close(_:)``. It keeps the model, which may be closed first.
/// Thread: any may make it; then it belongs to one thread at a time.
/// - Parameters:
///   - model: The model.
///   - options: How, or null for the defaults.
///   - session: Receives the session; null where the call fails.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_OUT_OF_MEMORY`, `QUELL_INVALID_ARGUMENT`, `QUELL_UNSUPPORTED` for an option that is not known
///   and for instructions that the processor has not.
@c public func quell_session_create(
  _ model: UnsafeMutablePointer<quell_model>?, _ options: UnsafePointer<quell_session_options>?,
  _ session: UnsafeMutablePointer<UnsafeMutablePointer<quell_session>?>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let session = try require(session, "the place for the session")
    session.pointee = nil
    session.pointee = handle(try SessionStorage.open(try storage(model), try sessionOptions(options)))
  }
}

/// Closes a session. Null is ignored.
///
/// Thread: any, once for each session, when no other call on it is under way.
@c public func quell_session_close(_ session: UnsafeMutablePointer<quell_session>?) {
  guard let session, let storage = storageOrNil(session) else { return }
  head(session).pointee.close()
  SessionStorage.close(storage)
}

/// Takes one token and computes the logits of the next. Allocates nothing. A failure leaves the session as it was.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - token: A token id below the vocabulary size.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_TOKEN_OUT_OF_RANGE`, `QUELL_CONTEXT_FULL`, `QUELL_CANCELLED`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_step(
  _ session: UnsafeMutablePointer<quell_session>?, _ token: UInt32, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try storage(session).pointee.step(token)
  }
}

/// Takes several tokens, a prompt for instance; the logits are those after the last. Allocates nothing, and puts
/// less than 128 KiB on the stack. A failure leaves the session as it was, but for a cancellation, which leaves it with the tokens
/// that it took before.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - tokens: The token ids; may be null where `count` is 0.
///   - count: How many.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: As ``quell_session_step(_:_:_:)``.
@c public func quell_session_prefill(
  _ session: UnsafeMutablePointer<quell_session>?, _ tokens: UnsafePointer<UInt32>?, _ count: UInt64,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try storage(session).pointee.prefill(try elements(tokens, count, "the array of tokens"))
  }
}

/// Has the call that takes tokens end with `QUELL_CANCELLED`: the one that is under way, before it takes the next tokens, or else the
/// next one. The session can go on: ``quell_session_position(_:)`` tells how many tokens it has taken. After a call that was ended there
/// are no logits before the next step. Null is ignored.
///
/// Thread: any, and the handler of a signal; not when the session is closed meanwhile.
@c public func quell_session_cancel(_ session: UnsafePointer<quell_session>?) {
  guard let session, head(session).pointee.isOpen else { return }
  quell_platform_raise(head(session).pointee.cancellation)
}

/// The logits of the last step: as many as the vocabulary has tokens. Null for null. Before the first step they mean nothing.
///
/// Ownership: the session's; they change with its next step and are gone when it is closed.
/// Thread: the session's.
@c public func quell_session_logits(_ session: UnsafePointer<quell_session>?) -> UnsafePointer<Float>? {
  storageOrNil(session)?.pointee.logits.baseAddress
}

/// Tokens taken since the session was made or reset. 0 for null. Thread: the session's.
@c public func quell_session_position(_ session: UnsafePointer<quell_session>?) -> UInt64 {
  storageOrNil(session).map { UInt64($0.pointee.position) } ?? 0
}

/// The greatest number of tokens, 0 where nothing limits it and for null. Thread: the session's.
@c public func quell_session_capacity(_ session: UnsafePointer<quell_session>?) -> UInt64 {
  guard let capacity = storageOrNil(session)?.pointee.capacity, capacity != Int.max else { return 0 }
  return UInt64(capacity)
}

/// Forgets every token; thresholds and counters stay. Null is ignored. Thread: the session's.
@c public func quell_session_reset(_ session: UnsafeMutablePointer<quell_session>?) {
  storageOrNil(session)?.pointee.reset()
}

func handle(_ storage: UnsafeMutablePointer<SessionStorage>) -> UnsafeMutablePointer<quell_session> {
  UnsafeMutableRawPointer(storage.pointee.head).assumingMemoryBound(to: quell_session.self)
}

/// What a caller asks for.
func sessionOptions(_ given: UnsafePointer<quell_session_options>?) throws(Failure) -> SessionOptions {
  let options = try options(given, "the session's options")
  guard let instructionSet = InstructionSet(rawValue: options.instruction_set) else {
    throw Failure(QUELL_UNSUPPORTED, "the session's options ask for an unknown instruction set")
  }
  return SessionOptions(
    contextLength: Int(clamping: options.context_length), instructionSet: instructionSet, threads: Int(clamping: options.threads),
    batch: Int(clamping: options.batch), countsWork: options.uncounted == 0,
    eventGroup: options.event_group == 0 ? SessionOptions.usualEventGroup : Int(clamping: options.event_group))
}
