import Quell

/// Thresholds by one quantile for all sites, the vocabulary head's left out unless it is to take part, of what the dense model does with
/// a text: the method `uniform`.
///
/// What one pass over the text has shown serves any sparsity.
public struct UniformCalibration {
  /// Thresholds for a sparsity.
  public struct Thresholds {
    /// By site.
    public let thresholds: [Float]
    /// The fraction of each site's inputs that they leave quiet in the dense model.
    public let quietFractions: [Double]
  }

  /// The magnitudes at each site in the dense model.
  public let histograms: [MagnitudeHistogram]
  /// The fraction of multiply-accumulates that the sites that take part skip by themselves.
  public let naturalSparsity: Double
  private let weights: [Double]
  private let naturalFractions: [Double]

  /// Runs the model.
  ///
  /// - Parameters:
  ///   - evaluation: At the front of the program, with all thresholds at 0; it is of no more use afterwards.
  ///   - includingHead: Whether the vocabulary head gets a threshold, and its multiply-accumulates count.
  ///   - progress: Gets the fraction of the work that is done.
  public init(_ evaluation: LayerwiseEvaluation, includingHead: Bool = false, progress: (Double) -> Void) throws {
    let sites = evaluation.model.sites
    var histograms = [MagnitudeHistogram](repeating: MagnitudeHistogram(), count: sites.count)
    for site in evaluation.model.sitesInOrder {
      progress(1 - evaluation.work(from: site))
      try evaluation.advance(beforeFirstOf: [site])
      histograms[site] = try evaluation.histogram(ofInputsOf: site)
    }
    self.histograms = histograms
    weights = sites.map { $0.isHead && !includingHead ? 0 : $0.macs }
    naturalFractions = histograms.map(\.zeroFraction)
    naturalSparsity = zip(weights, naturalFractions).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
  }

  /// The thresholds with which the sites together skip a fraction of their multiply-accumulates.
  public func thresholds(sparsity: Double) -> Thresholds {
    let quantile = UniformQuantile.find(sparsity: sparsity, sites: weights.count) {
      weights[$0]
    } natural: {
      naturalFractions[$0]
    }
    let thresholds: [Float] = weights.indices.map { site in
      weights[site] > 0 && quantile > naturalFractions[site] ? histograms[site].quantile(quantile).magnitude : 0
    }
    return Thresholds(
      thresholds: thresholds,
      quietFractions: zip(thresholds, naturalFractions).map { threshold, natural in threshold > 0 ? quantile : natural })
  }
}
