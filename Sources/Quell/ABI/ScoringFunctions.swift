import CQuell

// MARK: Scoring

/// Takes several tokens, and tells of each how the model predicted the one that was to come after it. Allocates nothing. A failure
/// leaves the session as ``quell_session_prefill(_:_:_:_:)`` does.
///
/// A text's own tokens but the last, with all but the first as targets, give its log-probability. A session with a batch makes the
/// logits of as many tokens at a time; the scores are the same, bit by bit.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - tokens: The token ids to take; may be null where `count` is 0.
///   - targets: For each of them the token id that is to be predicted.
///   - count: How many.
///   - scores: Receives a score for each.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: As ``quell_session_prefill(_:_:_:_:)``.
@c public func quell_session_score(
  _ session: UnsafeMutablePointer<quell_session>?, _ tokens: UnsafePointer<UInt32>?, _ targets: UnsafePointer<UInt32>?,
  _ count: UInt64, _ scores: UnsafeMutablePointer<quell_token_score>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try storage(session).pointee.score(
      try elements(tokens, count, "the array of tokens"), targets: try elements(targets, count, "the array of targets"),
      into: try room(scores, count, "the array of scores"))
  }
}

/// Takes several tokens and shows the logits after each of them, in order. Allocates nothing. A failure leaves the session as
/// ``quell_session_prefill(_:_:_:_:)`` does.
///
/// Thread: the session's; the visitor is called on it.
/// - Parameters:
///   - session: The session.
///   - tokens: The token ids; may be null where `count` is 0.
///   - count: How many.
///   - visitor: Called once for each token, before the call returns.
///   - user: Handed to the visitor as it is.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: As ``quell_session_prefill(_:_:_:_:)``.
@c public func quell_session_visit_logits(
  _ session: UnsafeMutablePointer<quell_session>?, _ tokens: UnsafePointer<UInt32>?, _ count: UInt64, _ visitor: quell_logits_visitor?,
  _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let visitor = try require(visitor, "the visitor")
    try storage(session).pointee.visitLogits(try elements(tokens, count, "the array of tokens")) { index, logits in
      visitor(UInt64(index), logits.baseAddress, user)
    }
  }
}
