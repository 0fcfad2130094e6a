import Quell

/// The settings that are compared: sessions over one model that differ in thresholds and threads.
struct BenchSettings {
  /// Tokens that are enough to find the quantiles of many thousand magnitudes at every site.
  private static let calibrationTokens = 64

  let sessions: [BenchSession]

  init(_ model: Model, context: Int, batch: Int, threads: [Int], sparsities: [Double]?, thresholdFile: String?) throws {
    let context = max(context, BenchSettings.calibrationTokens)
    let length = model.contextLength == 0 ? context : min(context, model.contextLength)
    var thresholds: [(sparsity: Double?, values: [Float])] = []
    if let sparsities {
      let calibrated = try BenchSettings.calibrate(model, contextLength: length)
      for sparsity in sparsities {
        try calibrated.setThresholds(sparsity: sparsity)
        thresholds.append((sparsity, calibrated.thresholds))
      }
    } else {
      let values = try thresholdFile.map { try ThresholdFile.thresholds(fromFile: $0, for: model) }
      thresholds.append((nil, values ?? model.sites.map { $0.threshold }))
    }
    sessions = try threads.flatMap { threads in
      try thresholds.map { sparsity, values in
        let session = try Session(model, contextLength: length, threads: threads, batch: batch)
        for (site, threshold) in values.enumerated() { try session.setThreshold(threshold, site: site) }
        return BenchSession(session, sparsity: sparsity, threads: threads)
      }
    }
  }

  /// A session that has seen the magnitudes at every site, its thresholds all 0.
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
