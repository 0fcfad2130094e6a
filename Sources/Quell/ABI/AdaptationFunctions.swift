import CQuell

// MARK: Adapting thresholds

/// Makes a session keep a sparsity: a factor on all its thresholds but the head's goes up after a token that skipped less than the
/// target, and down after one that skipped more. While a session adapts it takes tokens one by one.
///
/// quell_session_set_threshold() and quell_session_get_threshold() go on to mean the thresholds before the factor. Beginning again
/// with the factor that quell_session_adaptation() told, in another process for instance, is going on.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session; a threshold other than the head's is above 0.
///   - adaptation: How, or null to end it: the thresholds are those that were set, then.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`, `QUELL_UNSUPPORTED` for an option that is not known.
@c public func quell_session_adapt(
  _ session: UnsafeMutablePointer<quell_session>?, _ adaptation: UnsafePointer<quell_adaptation>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let storage = try storage(session)
    guard adaptation != nil else { return try storage.pointee.adapt(nil) }
    let asked = try options(adaptation, "the options of an adaptation")
    func number(_ given: Float, orElse usual: Float) -> Float { given == 0 ? usual : given }
    let (lowest, highest) = (number(asked.lowest, orElse: 0.125), number(asked.highest, orElse: 8))
    guard lowest <= highest else { throw Failure(QUELL_INVALID_ARGUMENT, "the bounds of an adaptation are in the wrong order") }
    try storage.pointee.adapt(
      try Adaptation(
        target: asked.target, rate: number(asked.rate, orElse: 0.05), bounds: lowest...highest, factor: number(asked.factor, orElse: 1)))
  }
}

/// How a session adapts, and the factor that it has come to; the target is -1 where it does not adapt.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - adaptation: Receives it; its `struct_size` must be set.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_adaptation(
  _ session: UnsafePointer<quell_session>?, _ adaptation: UnsafeMutablePointer<quell_adaptation>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let present = try storage(session).pointee.adaptation
    try answer(
      quell_adaptation(
        struct_size: 0, target: present?.target ?? -1, rate: present?.rate ?? 0, lowest: present?.bounds.lowerBound ?? 0,
        highest: present?.bounds.upperBound ?? 0, factor: present?.factor ?? 1),
      to: adaptation, "the adaptation")
  }
}
