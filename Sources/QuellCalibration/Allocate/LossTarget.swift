extension Allocation {
  /// How often the loss is measured at most on the way to one that was asked for.
  private static let mostMeasurements = 6
  /// How near to the increase that was asked for is near enough, as a fraction of it.
  private static let tolerance = 0.03

  /// Finds the highest sparsity at which the loss increases by no more than so many nats, and returns what was measured there.
  ///
  /// The costs of the sites say where to look first; how much more or less the loss increases there than they say, as a factor, says where
  /// to look next.
  ///
  /// - Parameter measure: Gives a result for a sparsity, and how much the loss increases. A sparsity of 0 is always tried in the end if
  ///   nothing else will do.
  public func highestSparsity<Result>(
    increase: Double, _ measure: (_ sparsity: Double) throws -> (result: Result, increase: Double)
  ) throws -> Result {
    var best: (sparsity: Double, result: Result)?
    var correction = 1.0
    var tooHigh = 1.0
    for _ in 0..<Allocation.mostMeasurements {
      // Noise may point back to where too much was asked before.
      let next = min(sparsity(divergence: increase * correction), ((best?.sparsity ?? naturalSparsity) + 3 * tooHigh) / 4)
      let found = try measure(next)
      if found.increase <= increase {
        if best.map({ next > $0.sparsity }) ?? true { best = (next, found.result) }
        if found.increase >= increase * (1 - Allocation.tolerance) { break }
      } else {
        tooHigh = min(tooHigh, next)
      }
      guard found.increase > 0 else {
        correction *= 2
        continue
      }
      // Aims at the middle of what is near enough.
      correction *= increase * (1 - Allocation.tolerance / 2) / found.increase
    }
    return try best?.result ?? measure(0).result
  }
}
