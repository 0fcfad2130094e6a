import Testing

@testable import QuellCost

@Suite struct EnergyTargetTests {
  @Test(arguments: [0.2, 0.31, 0.5, 0.77, 0.89]) func aRatioIsReachedInAFewTrials(ratio: Double) throws {
    let curves: [(Double) -> Double] = [
      { 0.9 - 0.8 * $0 }, { 0.9 - 0.8 * cube($0) }, { 0.1 + 0.8 * cube(1 - $0) }, { $0 < 0.3 ? 0.9 : 0.9 - 0.8 * ($0 - 0.3) / 0.7 },
    ]
    for curve in curves {
      var trials = 0
      let found = try EnergyTarget(ratio: ratio).search { setting in
        trials += 1
        return curve(setting)
      }
      #expect(abs(found.ratio / ratio - 1) <= 0.005 && found.ratio == curve(found.setting))
      #expect(trials <= 16, "\(trials) trials")
    }
  }

  @Test func naturalZerosMayBeEnough() throws {
    let found = try EnergyTarget(ratio: 0.8).search { 0.6 - 0.5 * $0 }
    #expect(found.setting == 0 && found.ratio == 0.6)
  }

  @Test func whatCannotBeReachedIsRefused() throws {
    let least = try #require(throws: CostFailure.self) { try EnergyTarget(ratio: 0.1).search { 0.9 - 0.5 * $0 } }
    #expect(least.description.contains("0.4"))
    let jump = try #require(throws: CostFailure.self) { try EnergyTarget(ratio: 0.5).search { $0 < 0.6 ? 0.8 : 0.3 } }
    #expect(jump.description.contains("jumps from 0.8 to 0.3"))
    for ratio in [0, -1, 1.01, Double.nan] { #expect(throws: CostFailure.self) { try EnergyTarget(ratio: ratio) } }
  }
}

private func cube(_ x: Double) -> Double { x * x * x }
