import Quell

extension LayerwiseEvaluation {
  /// Settles the thresholds so that a fraction of each site's inputs is quiet, on what the site sees with those before it already sparse.
  /// A site that is as quiet by itself keeps a threshold of 0. Returns the loss.
  ///
  /// - Parameters:
  ///   - fractions: By site; 0 where no more is to be quiet than is by itself.
  ///   - progress: Gets the fraction of the work that is done.
  public func settle(fractions: [Double], progress: (Double) -> Void) throws -> Double {
    for site in model.sitesInOrder where fractions[site] > 0 {
      progress(1 - work(from: site))
      try advance(beforeFirstOf: [site])
      let histogram = try histogram(ofInputsOf: site)
      let isQuiet = fractions[site] <= histogram.zeroFraction
      setThreshold(isQuiet ? 0 : histogram.quantile(fractions[site]).magnitude, site: site)
    }
    return try finish()
  }
}
