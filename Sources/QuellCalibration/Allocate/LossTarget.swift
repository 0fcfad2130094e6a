#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Allocation {
  /// How often the loss is measured at most on the way to one that was asked for.
  private static let mostMeasurements = 6
  /// How near to the increase that was asked for is near enough, as a fraction of it.
  private static let tolerance = 0.03

  /// Finds the highest sparsity at which the loss increases by no more than so many nats, and returns what was measured there.
  ///
  /// The costs of the sites say where to look first, and how much more or less the loss increases there, where to look next. Between two
  /// places of which one has too little and the other too much, the logarithm of the increase is taken to be linear.
  ///
  /// - Parameter measure: Gives a result for a sparsity, and how much the loss increases. A sparsity of 0 is tried where nothing else does.
  public func highestSparsity<Result>(
    increase: Double, _ measure: (_ sparsity: Double) throws -> (result: Result, increase: Double)
  ) throws -> Result {
    // Aims at the middle of what is near enough.
    let aim = increase * (1 - Allocation.tolerance / 2)
    var enough: (sparsity: Double, increase: Double, result: Result)?
    var tooMuch: (sparsity: Double, increase: Double)?
    var next = sparsity(divergence: aim)
    for _ in 0..<Allocation.mostMeasurements {
      let found = try measure(next)
      if found.increase <= increase {
        enough = (next, found.increase, found.result)
        if found.increase >= increase * (1 - Allocation.tolerance) { break }
      } else {
        tooMuch = (next, found.increase)
      }
      if let enough, let tooMuch {
        let share = enough.increase > 0 ? log(aim / enough.increase) / log(tooMuch.increase / enough.increase) : 0.5
        next = enough.sparsity + min(max(share, 0.1), 0.9) * (tooMuch.sparsity - enough.sparsity)
      } else {
        let factor = found.increase > 0 ? min(max(aim / found.increase, 0.25), 4) : 4
        next = sparsity(divergence: divergence(sparsity: next) * factor)
      }
    }
    return try enough?.result ?? measure(0).result
  }
}
