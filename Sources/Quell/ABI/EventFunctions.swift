import CQuell

// MARK: Sites: where a vector becomes events

/// How many sites the model has. 0 for null. Thread: any.
@c public func quell_model_site_count(_ model: UnsafePointer<quell_model>?) -> UInt32 {
  storageOrNil(model).map { UInt32($0.pointee.sites.count) } ?? 0
}

/// A site's name, unique in the model.
///
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - site: The site, below the number of sites.
///   - text: Room for the name and a zero byte; may be null where `capacity` is 0.
///   - capacity: Bytes of room.
///   - size: Receives the bytes of the name without the zero, whether it fits or not; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_site_name(
  _ model: UnsafePointer<quell_model>?, _ site: UInt32, _ text: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ size: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try copyText(try require(site, of: try storage(model)).name, text, capacity, size)
  }
}

/// What a site feeds, the same word for all blocks; `head` for the vocabulary head. Otherwise as ``quell_model_site_name(_:_:_:_:_:_:)``.
///
/// Thread: any.
/// - Parameters:
///   - model: The model.
///   - site: The site, below the number of sites.
///   - text: Room for the word and a zero byte; may be null where `capacity` is 0.
///   - capacity: Bytes of room.
///   - size: Receives the bytes of the word without the zero, whether it fits or not; may be null.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_model_site_kind(
  _ model: UnsafePointer<quell_model>?, _ site: UInt32, _ text: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ size: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try copyText(try require(site, of: try storage(model)).kind, text, capacity, size)
  }
}

/// Length of a site's input. 0 for null and where there is no such site. Thread: any.
@c public func quell_model_site_inputs(_ model: UnsafePointer<quell_model>?, _ site: UInt32) -> UInt64 {
  storageOrNil(model).flatMap { siteOrNil(site, of: $0) }.map { UInt64($0.inputs) } ?? 0
}

/// Multiply-accumulates that one event of a site costs. 0 for null and where there is no such site. Thread: any.
@c public func quell_model_site_outputs(_ model: UnsafePointer<quell_model>?, _ site: UInt32) -> UInt64 {
  storageOrNil(model).flatMap { siteOrNil(site, of: $0) }.map { UInt64($0.outputs) } ?? 0
}

/// Whether a site feeds the vocabulary head, which the literature leaves out of its figures. Thread: any.
@c public func quell_model_site_is_head(_ model: UnsafePointer<quell_model>?, _ site: UInt32) -> Bool {
  storageOrNil(model).flatMap { siteOrNil(site, of: $0) }?.isHead ?? false
}

/// The threshold that the model's file carries for a site. 0 for null and where there is no such site. Thread: any.
@c public func quell_model_site_threshold(_ model: UnsafePointer<quell_model>?, _ site: UInt32) -> Float {
  storageOrNil(model).flatMap { siteOrNil(site, of: $0) }?.threshold ?? 0
}

// MARK: Thresholds and counters

/// A session's threshold at a site: inputs whose magnitude is not above it are quiet.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - site: The site, below the number of sites.
///   - threshold: Receives the threshold.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_get_threshold(
  _ session: UnsafePointer<quell_session>?, _ site: UInt32, _ threshold: UnsafeMutablePointer<Float>?,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let storage = try storage(session)
    _ = try require(site, of: storage.pointee.model)
    try require(threshold, "the place for the threshold").pointee = storage.pointee.thresholds[Int(site)]
  }
}

/// Sets a session's threshold at a site; other sessions keep theirs. 0 skips nothing but zeros.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - site: The site, below the number of sites.
///   - threshold: A finite number of at least 0.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_set_threshold(
  _ session: UnsafeMutablePointer<quell_session>?, _ site: UInt32, _ threshold: Float, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    try storage(session).pointee.setThreshold(threshold, site: Int(clamping: site))
  }
}

/// Events at a site since the counters were last set to zero. 0 for null and where there is no such site. Thread: the session's.
@c public func quell_session_site_events(_ session: UnsafePointer<quell_session>?, _ site: UInt32) -> UInt64 {
  guard let storage = storageOrNil(session), site < storage.pointee.eventCounts.count else { return 0 }
  return storage.pointee.eventCounts[Int(site)]
}

/// The counts of all sites together, since the counters were last set to zero.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - counts: Receives the counts; its `struct_size` must be set.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_counts(
  _ session: UnsafePointer<quell_session>?, _ counts: UnsafeMutablePointer<quell_counts>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let counted = try storage(session).pointee.counts
    try answer(
      quell_counts(
        struct_size: 0, reserved: 0, tokens: counted.tokens, events: counted.events, effective_macs: counted.effectiveMACs,
        dense_macs: counted.denseMACs, head_effective_macs: counted.headEffectiveMACs, head_dense_macs: counted.headDenseMACs),
      to: counts, "the counts")
  }
}

/// Sets all counters to zero. Null is ignored. Thread: the session's.
@c public func quell_session_reset_counts(_ session: UnsafeMutablePointer<quell_session>?) {
  storageOrNil(session)?.pointee.resetCounts()
}

/// What the counted tokens would cost on SENECA: modelled from the counts, not measured. All zero where nothing was counted.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session.
///   - cost: Receives the estimate; its `struct_size` must be set.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_session_estimate_cost(
  _ session: UnsafePointer<quell_session>?, _ cost: UnsafeMutablePointer<quell_cost>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let estimate = CostEstimate(try storage(session).pointee.counts, on: .seneca)
    try answer(
      quell_cost(
        struct_size: 0, reserved: 0, energy: estimate.energy, dense_energy: estimate.denseEnergy, latency: estimate.latency,
        dense_latency: estimate.denseLatency),
      to: cost, "the cost")
  }
}

private func siteOrNil(_ site: UInt32, of model: UnsafeMutablePointer<ModelStorage>) -> Site? {
  site < model.pointee.sites.count ? model.pointee.sites[Int(site)] : nil
}

private func require(_ site: UInt32, of model: UnsafeMutablePointer<ModelStorage>) throws(Failure) -> Site {
  guard let found = siteOrNil(site, of: model) else {
    throw Failure(QUELL_INVALID_ARGUMENT, "there is no site ").then(Int(clamping: site)).then("; sites: ").then(model.pointee.sites.count)
  }
  return found
}
