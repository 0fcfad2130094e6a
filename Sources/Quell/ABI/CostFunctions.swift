import CQuell

// MARK: Work and its price

/// What a kind of work is called, by profiles of devices and reports. Null where there is no such kind. Thread: any.
@c public func quell_cost_kind_name(_ kind: UInt32) -> UnsafePointer<CChar>? {
  WorkKind(rawValue: kind).map { UnsafeRawPointer($0.name.utf8Start).assumingMemoryBound(to: CChar.self) }
}

/// The work that a session did since its counters were last set to zero, in units by kind. Allocates nothing.
///
/// Thread: the session's.
/// - Parameters:
///   - session: The session, which must have counted.
///   - dense: Whether to give what would have been done if every input had fired.
///   - units: Receives the units of each kind.
///   - kinds: How many kinds there is room for: `QUELL_WORK_KINDS` of the caller's header. Work of kinds that it does not know is
///     refused.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
@c public func quell_cost_session_work(
  _ session: UnsafePointer<quell_session>?, _ dense: Bool, _ units: UnsafeMutablePointer<UInt64>?, _ kinds: UInt32,
  _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let storage = try storage(session)
    guard storage.pointee.countsWork else { throw Failure(QUELL_INVALID_ARGUMENT, "the session was made to count nothing") }
    let units = try room(units, UInt64(kinds), "the room for units of work")
    units.update(repeating: 0)
    var isTooSmall = false
    storage.pointee.forEachWork(dense: dense) { _, work in
      let kind = Int(work.kind.rawValue)
      if kind < units.count { units[kind] += UInt64(work.units) } else if work.units > 0 { isTooSmall = true }
    }
    guard !isTooSmall else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "there was work of kinds that there is no room for; kinds of work: ").then(WorkKind.count)
    }
  }
}

/// What work costs on a device: modelled from its prices, not measured. Allocates nothing.
///
/// A price whose four numbers are NaN stands for none: work of that kind is refused, never free.
///
/// Thread: any.
/// - Parameters:
///   - units: Units of work by kind.
///   - prices: What one unit of each kind costs, picojoules and nanoseconds.
///   - kinds: How many kinds both arrays have.
///   - total: Receives the sums, picojoules and nanoseconds.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`, `QUELL_UNSUPPORTED` where work has no price, `QUELL_INVALID_ARGUMENT` where a price is negative or
///   infinite.
@c public func quell_cost_price(
  _ units: UnsafePointer<UInt64>?, _ prices: UnsafePointer<quell_price>?, _ kinds: UInt32,
  _ total: UnsafeMutablePointer<quell_price>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Failure) in
    let total = try require(total, "the place for the price")
    total.pointee = try priceOfWork(
      try elements(units, UInt64(kinds), "the array of units"), try elements(prices, UInt64(kinds), "the array of prices"))
  }
}
