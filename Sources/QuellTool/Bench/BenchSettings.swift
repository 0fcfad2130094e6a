import Quell

/// The settings that are compared: sessions over one model that differ in their thresholds.
struct BenchSettings {
  /// Tokens that are enough to find the quantiles of a hundred thousand magnitudes at every site.
  private static let calibrationTokens = 64

  let sessions: [BenchSession]

  init(_ model: Model, context: Int, sparsities: [Double]?, thresholdFile: String?) throws {
    let context = max(context, BenchSettings.calibrationTokens)
    let length = model.contextLength == 0 ? context : min(context, model.contextLength)
    guard let sparsities else {
      let session = try Session(model, contextLength: length)
      if let thresholdFile {
        for (site, threshold) in try ThresholdFile.thresholds(fromFile: thresholdFile, for: model).enumerated() {
          try session.setThreshold(threshold, site: site)
        }
      }
      sessions = [BenchSession(session, sparsity: nil, threads: 1)]
      return
    }
    let calibrated = try BenchSettings.calibrate(model, contextLength: length)
    sessions = try sparsities.map { sparsity in
      let session = try Session(model, contextLength: length)
      if sparsity == 0 {
        for site in model.sites.indices { try session.setThreshold(0, site: site) }
      } else {
        try calibrated.setThresholds(sparsity: sparsity)
        for (site, threshold) in calibrated.thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
      }
      return BenchSession(session, sparsity: sparsity, threads: 1)
    }
  }

  /// A session that has seen the magnitudes at every site.
  private static func calibrate(_ model: Model, contextLength: Int) throws -> Session {
    let session = try Session(model, contextLength: contextLength)
    for site in model.sites.indices { try session.setThreshold(0, site: site) }
    _ = session.collectStatistics()
    for token in RandomTokens.make(min(calibrationTokens, contextLength), below: model.vocabularySize) {
      try Interruption.check()
      try session.step(token)
    }
    return session
  }
}
