import Quell

extension Calibration {
  /// Runs the model densely over the windows of a text, and takes from the magnitudes at each site the quantile that gives the sparsity.
  static func uniform(_ model: Model, _ windows: [ArraySlice<UInt32>], sparsity: Double) throws -> Calibration {
    let session = try Session(model, contextLength: windows.reduce(1) { max($0, $1.count - 1) })
    for site in model.sites.indices { try session.setThreshold(0, site: site) }
    let statistics = session.collectStatistics()
    var progress = Progress("calibrating")
    defer { progress.finish() }
    for (index, window) in windows.enumerated() {
      session.reset()
      for token in window.dropLast() {
        try Interruption.check()
        try session.step(token)
      }
      progress.update(index + 1, of: windows.count)
    }
    let quantile = try session.setThresholds(sparsity: sparsity)
    let natural = session.counts.activationSparsity
    if sparsity <= natural { noteNatural(natural) }
    return Calibration(
      method: "uniform", thresholds: session.thresholds, siteSparsity: session.quietFractions(statistics, quantile: quantile),
      statistics: model.sites.indices.map { ThresholdFile.Statistics(statistics, site: $0) }, sparsity: sparsity,
      tokenCount: session.counts.tokens)
  }

  private init(
    method: String, thresholds: [Float], siteSparsity: [Double], statistics: [ThresholdFile.Statistics], sparsity: Double,
    tokenCount: UInt64
  ) {
    self.method = method
    self.thresholds = thresholds
    self.siteSparsity = siteSparsity
    self.statistics = statistics
    self.sparsity = sparsity
    self.tokenCount = tokenCount
  }
}

extension Session {
  /// The fraction of each site's inputs that its threshold leaves quiet, the thresholds having been set by a quantile of the
  /// magnitudes that were seen.
  func quietFractions(_ statistics: ActivationStatistics, quantile: Double) -> [Double] {
    thresholds.enumerated().map { site, threshold in threshold > 0 ? quantile : statistics.zeroFraction(site: site) }
  }
}

extension ThresholdFile.Statistics {
  /// What the histograms of a dense run say of a site.
  fileprivate init(_ statistics: ActivationStatistics, site: Int) {
    self.init(
      zeros: statistics.zeroFraction(site: site), median: Double(statistics.quantile(0.5, site: site)),
      percentile90: Double(statistics.quantile(0.9, site: site)), percentile99: Double(statistics.quantile(0.99, site: site)))
  }
}
