import CQuell

// MARK: Sampling

/// Prepares a sampler, at the beginning of its sequence of choices. It needs no closing.
///
/// Thread: the sampler's; it belongs to one thread at a time.
/// - Parameters:
///   - sampler: The sampler, in memory of the caller's.
///   - options: How to choose, or null for the greatest logit, always.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_INVALID_ARGUMENT` for a temperature that is not a finite number of at least 0 or a top-p not from 0 to
///   1; `QUELL_UNSUPPORTED` for an option that is not known.
@c public func quell_sampler_initialize(
  _ sampler: UnsafeMutablePointer<quell_sampler>?, _ options: UnsafePointer<quell_sampler_options>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let sampler = try require(sampler, "the sampler")
    let given = try Quell.options(options, "the sampler's options")
    let prepared = try Sampler(
      SamplingOptions(
        temperature: given.temperature, topK: Int(clamping: given.top_k), topP: given.top_p == 0 ? 1 : given.top_p, seed: given.seed))
    SamplerRecord.at(sampler).initialize(to: SamplerRecord(mark: SamplerRecord.mark, sampler: prepared))
  }
}

/// Chooses the next token from the logits of the last step. Does not step: give the token to ``quell_session_step(_:_:_:)``.
///
/// Thread: the session's and the sampler's.
/// - Parameters:
///   - session: The session, which has taken a token.
///   - sampler: A sampler that ``quell_sampler_initialize(_:_:_:)`` prepared.
///   - token: Receives the token id.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_INVALID_ARGUMENT`, also where there has been no step; `QUELL_MALFORMED` where a logit is not a number,
///   which only a damaged model gives.
@c public func quell_session_sample(
  _ session: UnsafeMutablePointer<quell_session>?, _ sampler: UnsafeMutablePointer<quell_sampler>?,
  _ token: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let storage = try storage(session)
    let record = SamplerRecord.at(try require(sampler, "the sampler"))
    let token = try require(token, "the place for the token")
    guard record.pointee.mark == SamplerRecord.mark else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the sampler is not prepared: call quell_sampler_initialize first")
    }
    guard storage.pointee.position > 0 else {
      throw Failure(QUELL_INVALID_ARGUMENT, "there are no logits to choose from: step the session first")
    }
    token.pointee = try record.pointee.sampler.choose(storage.pointee.logits, storage.pointee.candidates)
  }
}

/// What stands in the private words of a `quell_sampler`.
struct SamplerRecord {
  /// Says that the words were prepared: "QLSP".
  static let mark: UInt64 = 0x5053_4c51

  let mark: UInt64
  var sampler: Sampler

  static func at(_ sampler: UnsafeMutablePointer<quell_sampler>) -> UnsafeMutablePointer<SamplerRecord> {
    UnsafeMutableRawPointer(sampler).assumingMemoryBound(to: SamplerRecord.self)
  }
}
