import Quell
import Testing

@testable import QuellCalibration

@Suite struct UniformCalibrationTests {
  /// What is found layer by layer, over several tokens and on several threads, is what a session finds that steps token by token.
  @Test(arguments: ShippedModel.allCases) func thresholdsAreThoseOfASession(_ shipped: ShippedModel) throws {
    let model = shipped.model
    let windows = try shipped.unevenWindows
    let session = try Session(model)
    for site in model.sites.indices { try session.setThreshold(0, site: site) }
    _ = session.collectStatistics()
    for window in windows {
      session.reset()
      for token in window.dropLast() { try session.step(token) }
    }
    var fractions: [Double] = []
    let uniform = try UniformCalibration(LayerwiseEvaluation(model, windows, threads: 2)) { fractions.append($0) }
    #expect(abs(uniform.naturalSparsity - session.counts.activationSparsity) < 1e-12)
    #expect(zip(fractions, fractions.dropFirst()).allSatisfy { $0 <= $1 } && fractions.allSatisfy { (0...1).contains($0) })
    for sparsity in [0, 0.2, 0.5, 0.63, 0.9] {
      let quantile = try session.setThresholds(sparsity: sparsity)
      let found = uniform.thresholds(sparsity: sparsity)
      #expect(found.thresholds == session.thresholds)
      #expect(zip(found.thresholds, found.quietFractions).allSatisfy { $0 == 0 || $1 == quantile })
    }
  }
}
