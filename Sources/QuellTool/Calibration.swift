import Quell

/// Thresholds found by looking at what a model does with a text.
struct Calibration {
  /// The threshold of each site.
  let thresholds: [Float]
  /// The fraction of each site's inputs that is quiet on the text.
  let siteSparsity: [Double]
  /// The magnitudes at each site.
  let statistics: [ThresholdFile.Statistics]
  /// The sparsity that was asked for, of all sites but the head's, weighted by multiply-accumulates.
  let sparsity: Double
  /// The sparsity with all thresholds at 0.
  let naturalSparsity: Double
  /// Tokens that the model took.
  let tokenCount: UInt64

  /// Runs the model densely over a text, and takes from the magnitudes at each site the quantile that gives the sparsity.
  init(_ model: Model, text: [UInt8], sparsity: Double) throws {
    let length = TextWindows.length(asked: nil, for: model)
    let windows = try TextWindows(text, tokenizer: model.requireTokenizer(), length: length).windows
    guard !windows.isEmpty else { throw CommandFailure(.failed, "the calibration text is empty") }
    let session = try Session(model, contextLength: length)
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
    thresholds = session.thresholds
    self.statistics = model.sites.indices.map { ThresholdFile.Statistics(statistics, site: $0) }
    siteSparsity = session.quietFractions(statistics, quantile: quantile)
    self.sparsity = sparsity
    naturalSparsity = session.counts.activationSparsity
    tokenCount = session.counts.tokens
  }

  /// Says so where the model is sparser by itself than was asked for.
  func noteIfNatural() {
    guard sparsity <= naturalSparsity else { return }
    let percent = Percentage(naturalSparsity)
    StandardError.note("the model is \(percent) sparse on this text by itself: all thresholds stay 0")
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
