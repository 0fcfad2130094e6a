import CQuell

/// Keeps the sparsity of a session near a target while it runs on texts unlike the one that its thresholds were found on.
///
/// One factor multiplies the thresholds of all sites but the vocabulary head's. After every token its logarithm takes a step towards
/// the target, in proportion to how far the token's sparsity was from it: stochastic approximation with a constant step [Robbins and
/// Monro, Annals of Mathematical Statistics 22, 1951]. The factor keeps the proportions of the thresholds, in which a calibration has
/// put what it knows of how much each site can lose: where they are the best for one amount of work, so are their multiples for other
/// amounts, as long as errors grow with the squares of what is left out. A token costs one exponential, an event list a few additions.
public struct Adaptation: Equatable, Sendable {
  /// The fraction of multiply-accumulates to skip, 0 to 1, the vocabulary head's apart.
  public let target: Float
  /// How much of what a token misses the target by is added to the logarithm of the factor. At 0.05, differences of sparsity fade with
  /// some 50 tokens, and what is left is a small part of what tokens differ by.
  public let rate: Float
  /// The bounds of the factor.
  public let bounds: ClosedRange<Float>
  /// What thresholds are multiplied by. All that was learned: a session that begins with it goes on from there.
  public private(set) var factor: Float
  /// Multiply-accumulates of the present token that were done, and of all.
  private var effective: UInt64 = 0
  private var dense: UInt64 = 0

  /// An adaptation that begins with a factor, which the bounds keep.
  public init(target: Float, rate: Float = 0.05, bounds: ClosedRange<Float> = 0.125...8, factor: Float = 1) throws(Failure) {
    guard target >= 0, target <= 1 else { throw Failure(QUELL_INVALID_ARGUMENT, "the target of an adaptation is not between 0 and 1") }
    guard rate > 0, rate <= 1 else { throw Failure(QUELL_INVALID_ARGUMENT, "the rate of an adaptation is not above 0 and at most 1") }
    guard bounds.lowerBound > 0, bounds.upperBound.isFinite else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the bounds of an adaptation are not finite numbers above 0")
    }
    guard bounds.contains(factor) else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the factor of an adaptation is not within its bounds")
    }
    self.target = target
    self.rate = rate
    self.bounds = bounds
    self.factor = factor
  }

  /// Counts the events of a site, or of a part of its inputs.
  mutating func add(_ fired: Int, of inputs: Int, _ site: Site) {
    guard !site.isHead else { return }
    effective &+= UInt64(fired) &* UInt64(site.outputs)
    dense &+= UInt64(inputs) &* UInt64(site.outputs)
  }

  /// Takes the step of a token.
  mutating func finishToken() {
    // A session that adapts has a site that every token comes to.
    let sparsity = 1 - Float(effective) / Float(dense)
    factor = min(max(factor * exponential(rate * (target - sparsity)), bounds.lowerBound), bounds.upperBound)
    (effective, dense) = (0, 0)
  }
}

extension SessionStorage {
  /// The threshold that is in effect at a site.
  func threshold(_ site: Int) -> Float {
    guard let adaptation, !model.pointee.sites[site].isHead else { return thresholds[site] }
    return thresholds[site] * adaptation.factor
  }

  /// Begins to adapt, or ends it where there is nothing to adapt by: the thresholds are those that were set, then.
  mutating func adapt(_ adaptation: Adaptation?) throws(Failure) {
    if adaptation != nil, !hasThresholds {
      throw Failure(QUELL_INVALID_ARGUMENT, "all thresholds are 0, and no factor changes them: set those of a calibration first")
    }
    self.adaptation = adaptation
  }

  private var hasThresholds: Bool {
    for site in 0..<thresholds.count where thresholds[site] > 0 && !model.pointee.sites[site].isHead { return true }
    return false
  }
}
