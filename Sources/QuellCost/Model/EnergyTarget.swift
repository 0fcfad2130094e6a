import Quell

/// Finds the setting, between 0 and 1, at which a model takes a fraction of its dense energy.
public struct EnergyTarget: Sendable {
  /// The fraction of the energy that a device would take if nothing were skipped.
  public let ratio: Double
  /// How far the fraction that is reached may be from it, relatively.
  public static let tolerance = 0.005
  /// The most often that a setting is tried.
  private static let mostTrials = 40

  /// A target above 0 and at most 1.
  public init(ratio: Double) throws(CostFailure) {
    guard ratio > 0, ratio <= 1 else { throw .unsupported("an energy of \(ratio) of the dense one is no fraction above 0 and at most 1") }
    self.ratio = ratio
  }

  /// Looks for the setting.
  ///
  /// False position with halved ends (the Illinois method), since energy falls nearly as a straight line with what is skipped.
  ///
  /// - Parameter energy: The fraction that a setting takes; it does not rise with the setting.
  /// - Returns: The setting, and the fraction that it takes: 0 where that takes less than was asked for by itself.
  public func search(_ energy: (Double) throws -> Double) throws -> (setting: Double, ratio: Double) {
    var low = (setting: 0.0, ratio: try energy(0))
    if low.ratio <= ratio * (1 + EnergyTarget.tolerance) { return low }
    var high = (setting: 1.0, ratio: try energy(1))
    guard high.ratio <= ratio * (1 + EnergyTarget.tolerance) else {
      throw CostFailure.unsupported(
        "even where every input is quiet the model takes \(high.ratio) of its dense energy, more than the \(ratio) that is asked for")
    }
    var weights = (low: 1.0, high: 1.0)
    var lastWasAbove: Bool?
    for _ in 0..<EnergyTarget.mostTrials {
      let (above, below) = ((low.ratio - ratio) * weights.low, (high.ratio - ratio) * weights.high)
      let share = above == below ? 0.5 : above / (above - below)
      let setting = low.setting + (high.setting - low.setting) * min(max(share, 0.02), 0.98)
      let found = (setting: setting, ratio: try energy(setting))
      if abs(found.ratio / ratio - 1) <= EnergyTarget.tolerance { return found }
      // An end that stays twice in a row weighs half as much.
      if found.ratio > ratio {
        weights.high = lastWasAbove == true ? weights.high / 2 : 1
        (low, weights.low, lastWasAbove) = (found, 1, true)
      } else {
        weights.low = lastWasAbove == false ? weights.low / 2 : 1
        (high, weights.high, lastWasAbove) = (found, 1, false)
      }
    }
    throw CostFailure.unsupported(
      "no setting takes \(ratio) of the dense energy: it jumps from \(low.ratio) to \(high.ratio) at \(low.setting)")
  }
}
