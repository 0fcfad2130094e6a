import CQuell

/// Thresholds by one quantile for all sites: the simplest way to a sparsity that was asked for.
///
/// A site whose natural zeros are more than the quantile keeps a threshold of 0. The vocabulary head is left alone.
struct UniformThresholds {
  private let statistics: ActivationStatistics
  /// The fraction of its inputs that every site is to drop, 0 where the natural zeros alone are enough.
  let quantile: Double

  /// Takes the quantile at which the sites together skip a fraction of their multiply-accumulates.
  init(sparsity: Double, statistics: ActivationStatistics, sites: UnsafeMutableBufferPointer<Site>) {
    self.statistics = statistics
    quantile = UniformQuantile.find(
      sparsity: sparsity, sites: sites.count,
      weight: { sites[$0].isHead ? 0 : Double(sites[$0].inputs) * Double(sites[$0].outputs) },
      natural: { statistics.zeroFraction(site: $0) })
  }

  /// The threshold of a site.
  func threshold(site: Int) -> Float {
    quantile > statistics.zeroFraction(site: site) ? statistics.quantile(quantile, site: site) : 0
  }
}

/// The quantile that is the same for all sites.
package enum UniformQuantile {
  /// Solves for the quantile at which sites together skip a fraction of their work, 0 where their natural zeros alone are enough.
  ///
  /// What is skipped at quantile q is the sum of weight * max(q, natural zeros) over the sites: convex and piecewise linear in q, so
  /// that Newton's method from above reaches the solution itself, one piece after the other.
  ///
  /// - Parameters:
  ///   - weight: The work of a site, 0 for one that is left alone.
  ///   - natural: The fraction that a site skips by itself.
  package static func find(sparsity: Double, sites: Int, weight: (Int) -> Double, natural: (Int) -> Double) -> Double {
    var quantile = sparsity
    for _ in 0...sites {
      var (total, free, naturallySkipped) = (0.0, 0.0, 0.0)
      for site in 0..<sites {
        let (weight, natural) = (weight(site), natural(site))
        total += weight
        if natural > quantile { naturallySkipped += weight * natural } else { free += weight }
      }
      let next = free > 0 ? (sparsity * total - naturallySkipped) / free : 0
      guard next < quantile else { break }
      quantile = next
      guard quantile > 0 else { break }
    }
    return max(0, quantile)
  }
}

extension SessionStorage {
  /// Sets the thresholds from the statistics collected so far, so that the sites skip a fraction of their multiply-accumulates on text
  /// like the one that was seen. Returns the quantile that all sites share.
  func setThresholds(sparsity: Double) throws(Failure) -> Double {
    guard sparsity >= 0, sparsity <= 1 else { throw Failure(QUELL_INVALID_ARGUMENT, "a sparsity is not between 0 and 1") }
    guard let statistics, !statistics.isEmpty else {
      throw Failure(QUELL_INVALID_ARGUMENT, "no statistics have been collected to take thresholds from")
    }
    for site in 0..<thresholds.count where statistics.hasSeenNoNumber(site: site) {
      throw Failure(QUELL_MALFORMED, "site '").then(model.pointee.sites[site].name)
        .then("' saw infinity or what is not a number: the model's weights are damaged")
    }
    let uniform = UniformThresholds(sparsity: sparsity, statistics: statistics, sites: model.pointee.sites)
    for site in 0..<thresholds.count where !model.pointee.sites[site].isHead {
      try setThreshold(uniform.threshold(site: site), site: site)
    }
    return uniform.quantile
  }
}
