import CQuell

// MARK: Calibration: thresholds for a sparsity

/// How much memory the statistics of a calibration take: 130564 bytes for each site. 0 for null. Thread: any.
@c public func quell_model_calibration_size(_ model: UnsafePointer<quell_model>?) -> UInt64 {
  storageOrNil(model).map { UInt64(ActivationStatistics.byteCount(sites: $0.pointee.sites.count)) } ?? 0
}

/// Begins a calibration: sets all thresholds to 0, and from now on counts the magnitudes of the inputs of every site, beginning anew.
/// Then run the session on text like that for which thresholds are wanted, and call ``quell_session_calibrate(_:_:_:_:)``.
///
/// Ownership: memory that is given stays the caller's, and is the session's alone until ``quell_session_end_calibration(_:)`` or the
/// session's end. Where it is null, the session allocates it.
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - memory: At an address that is a multiple of 64, or null.
///   - size: Its bytes, at least what ``quell_model_calibration_size(_:)`` gives; 0 where it is null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_OUT_OF_MEMORY`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_begin_calibration(
  _ session: UnsafeMutablePointer<quell_session>?, _ memory: UnsafeMutableRawPointer?, _ size: UInt64,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let storage = try storage(session)
    guard memory != nil || size > 0 else { return try storage.pointee.beginCalibration() }
    let start = try require(memory, "the memory for statistics").assumingMemoryBound(to: UInt8.self)
    try storage.pointee.beginCalibration(in: UnsafeMutableRawBufferPointer(try room(start, size, "the memory for statistics")))
  }
}

/// Sets the session's thresholds so that, on text like the one that it has seen since the calibration began, its sites skip a fraction
/// of their multiply-accumulates; the vocabulary head is left alone. Every site drops the same fraction of its inputs, and none where
/// its natural zeros are more. May be called again with another fraction; what runs in between is counted as well, and is sparse.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - sparsity: The fraction, from 0 to 1.
///   - quantile: Receives the fraction of its inputs that each site drops, 0 where natural zeros are enough; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_INVALID_ARGUMENT`, also where nothing has been seen; `QUELL_MALFORMED` where an input was infinite or
///   not a number, which only a damaged model gives.
@c public func quell_session_calibrate(
  _ session: UnsafeMutablePointer<quell_session>?, _ sparsity: Double, _ quantile: UnsafeMutablePointer<Double>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let found = try storage(session).pointee.setThresholds(sparsity: sparsity)
    quantile?.pointee = found
  }
}

/// Ends a calibration: magnitudes are counted no more, and memory is given back. Thresholds stay. Null is ignored. Thread: the
/// session's.
@c public func quell_session_end_calibration(_ session: UnsafeMutablePointer<quell_session>?) {
  storageOrNil(session)?.pointee.endCalibration()
}
