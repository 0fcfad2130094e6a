import Quell

/// The settings that are compared: sessions that differ in thresholds and threads, each over the model as it lies best for them.
struct BenchSettings {
  /// Tokens that are enough to find the quantiles of many thousand magnitudes at every site.
  private static let calibrationTokens = 64

  let sessions: [BenchSession]

  init(_ model: BenchModel, context: Int, batch: Int, threads: [Int], sparsities: [Double]?, thresholdFile: String?) throws {
    let base = model.base
    let context = max(context, BenchSettings.calibrationTokens)
    let length = base.contextLength == 0 ? context : min(context, base.contextLength)
    var settings: [(model: Model, sparsity: Double?, thresholds: [Float])] = []
    if let sparsities {
      let (session, statistics) = try BenchSettings.calibrate(base, contextLength: length)
      for sparsity in sparsities {
        let quantile = try session.setThresholds(sparsity: sparsity)
        let quiet = session.quietFractions(statistics, quantile: quantile)
        settings.append((try model.laidOut(for: quiet), sparsity, session.thresholds))
      }
    } else {
      let thresholds = try thresholdFile.map { try ThresholdFile.thresholds(fromFile: $0, for: base) }
      settings.append((try model.converted(), nil, thresholds ?? base.sites.map { $0.threshold }))
    }
    sessions = try threads.flatMap { threads in
      try settings.map { model, sparsity, thresholds in
        let session = try Session(model, contextLength: length, threads: threads, batch: batch)
        for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
        return BenchSession(session, sparsity: sparsity, threads: threads)
      }
    }
  }

  /// A session that has seen the magnitudes at every site, its thresholds all 0.
  private static func calibrate(_ model: Model, contextLength: Int) throws -> (Session, ActivationStatistics) {
    let session = try Session(model, contextLength: contextLength)
    for site in model.sites.indices { try session.setThreshold(0, site: site) }
    let statistics = session.collectStatistics()
    for token in RandomTokens.make(min(calibrationTokens, contextLength), below: model.vocabularySize) {
      try Interruption.check()
      try session.step(token)
    }
    return (session, statistics)
  }
}
