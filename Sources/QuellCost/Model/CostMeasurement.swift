import Quell

/// What a model does on texts, counted for a device: with thresholds, and with natural zeros alone.
public struct CostMeasurement {
  private let model: Model
  private let sparse: Session
  private var natural: Session?

  /// Prepares to count.
  ///
  /// - Parameters:
  ///   - thresholds: One for each site; nil for the model's own.
  ///   - withNatural: Whether to take each text a second time with all thresholds at 0.
  public init(
    _ model: Model, thresholds: [Float]?, for device: Device, contextLength: Int = 0, withNatural: Bool = true
  ) throws(Failure) {
    self.model = model
    sparse = try Session(model, contextLength: contextLength, eventGroup: device.eventGroup)
    for (site, threshold) in (thresholds ?? []).enumerated() { try sparse.setThreshold(threshold, site: site) }
    guard withNatural else { return }
    guard sparse.thresholds.contains(where: { $0 > 0 }) else {
      natural = sparse
      return
    }
    let natural = try Session(model, contextLength: contextLength, eventGroup: device.eventGroup)
    for site in model.sites.indices { try natural.setThreshold(0, site: site) }
    self.natural = natural
  }

  /// Takes tokens with nothing remembered, after `check` each.
  public func take(_ tokens: some Sequence<UInt32>, check: () throws -> Void = {}) throws {
    for session in natural === sparse ? [sparse] : [sparse, natural].compactMap({ $0 }) {
      session.reset()
      for token in tokens {
        try check()
        try session.step(token)
      }
    }
  }

  /// What was counted.
  public func subject(name: String, fingerprint: String, thresholds: String) -> CostSubject {
    func activities(_ session: Session) -> [SiteActivity] { model.sites.indices.map { session.activity(ofSite: $0) } }
    return CostSubject(
      name: name, fingerprint: fingerprint, thresholds: thresholds, outline: model.outline, activity: sparse.activity,
      sparse: activities(sparse), natural: natural.map(activities))
  }
}

/// A model's fingerprint as 16 hexadecimal digits, as it stands in files and reports.
public func fingerprintDigits(_ fingerprint: UInt64) -> String {
  let digits = String(fingerprint, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
