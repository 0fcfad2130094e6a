import Foundation
import Quell
import Testing

@testable import QuellCalibration

@Suite struct AllocationTests {
  /// Magnitudes spread evenly from 0 to 1, beside a fraction of zeros.
  private func histogram(zeros: Double = 0) -> MagnitudeHistogram {
    var histogram = MagnitudeHistogram()
    let (count, total) = (Int(((1 - zeros) * 10_000).rounded()), 10_000)
    let numbers = (1...total).map { $0 <= count ? Float($0) / Float(count) : 0 }
    numbers.withUnsafeBufferPointer { histogram.add($0) }
    return histogram
  }

  /// A site whose divergence is a multiple of the energy that is left out. Of magnitudes spread evenly from 0 to 1, a fraction q holds
  /// q^3 / 3 of the energy.
  private func site(_ factor: Double, zeros: Double = 0) -> SiteSensitivity {
    SiteSensitivity(histogram(zeros: zeros)) { theta in factor * pow(Double(theta), 3) / 3 }
  }

  @Test(arguments: [0.1, 0.3, 0.5, 0.63, 0.9]) func divergenceFollowsTheEnergyBetweenAndBeyondWhatIsMeasured(fraction: Double) {
    #expect(abs(site(2).divergence(fraction) / (2 * pow(fraction, 3) / 3) - 1) < 0.05)
  }

  @Test func equalSitesGetEqualFractions() {
    let allocation = Allocation([0: site(1), 1: site(1)], [100, 100], passes: 0)
    #expect(allocation.denseMACs == 200)
    for fraction in allocation.fractions(sparsity: 0.5) { #expect(abs(fraction - 0.5) < 0.02) }
  }

  /// By hand: sites of equal size with costs a q^3 and 8 a q^3 have equal slopes where q1^2 = 8 q2^2; q1 + q2 = 1 makes 0.739 and 0.261.
  @Test func aSensitiveSiteGetsLess() {
    let fractions = Allocation([0: site(1), 1: site(8)], [100, 100], passes: 0).fractions(sparsity: 0.5)
    #expect(abs(fractions[0] - 0.739) < 0.03 && abs(fractions[1] - 0.261) < 0.03)
    #expect(abs(fractions[0] + fractions[1] - 1) < 1e-9)
  }

  /// By hand: what a site of three times the size costs is worth three times as much.
  @Test func aLargeSiteGetsMore() {
    let fractions = Allocation([0: site(1), 1: site(1)], [100, 300], passes: 0).fractions(sparsity: 0.5)
    #expect(abs((100 * fractions[0] + 300 * fractions[1]) / 400 - 0.5) < 1e-9)
    #expect(abs(fractions[1] / fractions[0] - sqrt(3)) < 0.15)
  }

  @Test func naturalZerosAreFreeAndStay() {
    let allocation = Allocation([0: site(1), 1: site(1, zeros: 0.8)], [100, 100], passes: 0)
    #expect(abs(allocation.naturalSparsity - 0.4) < 1e-9)
    let fractions = allocation.fractions(sparsity: 0.3)
    #expect(fractions == [0, 0])
    // Beyond them, both have a part.
    let more = allocation.fractions(sparsity: 0.6)
    #expect(abs(more[0] + more[1] - 1.2) < 1e-9 && more[1] > 0.8)
  }

  /// A site with a weight of 0 is the head's.
  @Test func theHeadHasNoPart() {
    let allocation = Allocation([0: site(1)], [100, 0], passes: 0)
    let fractions = allocation.fractions(sparsity: 0.5)
    #expect(abs(fractions[0] - 0.5) < 1e-9 && fractions[1] == 0)
  }

  @Test(arguments: [0.01, 0.1, 0.3]) func aSparsityAndItsDivergenceBelongTogether(divergence: Double) {
    let sites = [0: site(1), 1: site(3), 2: site(0.2, zeros: 0.5)]
    let allocation = Allocation(sites, [100, 50, 400], passes: 0)
    let fractions = allocation.fractions(sparsity: allocation.sparsity(divergence: divergence))
    let sum = sites.reduce(0) { $0 + $1.value.divergence(fractions[$1.key]) }
    #expect(abs(sum / divergence - 1) < 0.05)
  }

  /// The loss rises faster or slower than the costs of the sites say.
  @Test(arguments: [0.3, 1, 2.5]) func theHighestSparsityForALossIsFound(factor: Double) throws {
    let allocation = Allocation([0: site(1), 1: site(3)], [100, 100], passes: 0)
    var measurements = 0
    let found = try allocation.highestSparsity(increase: 0.05) { sparsity in
      measurements += 1
      let divergence = zip([1.0, 3.0], allocation.fractions(sparsity: sparsity)).reduce(0) { $0 + $1.0 * pow($1.1, 3) / 3 }
      let increase = pow(divergence, 1.2) * factor
      return (increase, increase)
    }
    #expect(found <= 0.05 && found > 0.046)
    #expect(measurements <= 6)
  }

  @Test func divergenceIsThatOfTheProbabilities() throws {
    let (model, windows) = (ShippedModel.recurrent.model, Array(try ShippedModel.recurrent.unevenWindows.prefix(2)))
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 1)
    let measurement = try DivergenceMeasurement(evaluation)
    let none = try measurement.divergence()
    #expect(abs(none) < 1e-6)
    evaluation.setThreshold(0.5, site: 4)
    let found = try measurement.divergence()

    func probabilities(_ threshold: Float) throws -> [[Double]] {
      let session = try Session(model, contextLength: 256)
      try session.setThreshold(threshold, site: 4)
      return try windows.flatMap { window in
        session.reset()
        return try window.dropLast().map { token in
          try session.step(token)
          let powers = session.logits.map { exp(Double($0)) }
          let sum = powers.reduce(0, +)
          return powers.map { $0 / sum }
        }
      }
    }
    let tokens = zip(try probabilities(0), try probabilities(0.5)).map { zip($0, $1).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) } }
    let expected = tokens.reduce(0, +) / Double(tokens.count)
    #expect(expected > 0.001)
    #expect(abs(found - expected) < 1e-3 * expected)
  }

  @Test(arguments: ShippedModel.allCases) func settledThresholdsQuietenTheFractions(_ shipped: ShippedModel) throws {
    let (model, windows) = (shipped.model, try shipped.reference.windows.map { $0[...] })
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 2)
    let fractions = model.sites.indices.map { model.sites[$0].isHead ? 0 : Double($0 % 7) * 0.1 }
    let loss = try evaluation.settle(fractions: fractions) { _ in }
    for (site, (fraction, quiet)) in zip(fractions, evaluation.quietFractions).enumerated() where !model.sites[site].isHead {
      // A site may be quieter by itself; one that is not is as quiet as a bin is narrow.
      #expect(evaluation.thresholds[site] == 0 ? quiet >= fraction : abs(quiet - fraction) < 0.004, "\(model.sites[site].name)")
    }
    #expect(evaluation.thresholds.last == 0)
    let plain = try LayerwiseEvaluation(model, windows, threads: 1)
    for (site, threshold) in evaluation.thresholds.enumerated() { plain.setThreshold(threshold, site: site) }
    #expect(try plain.loss() == loss)
  }

  /// At equal sparsity the loss is less than with the same quantile for all sites.
  @Test(arguments: ShippedModel.allCases) func allocatedThresholdsCostLessThanUniformOnes(_ shipped: ShippedModel) throws {
    let (model, windows) = (shipped.model, try shipped.reference.windows.map { $0[...] })
    let allocation = try Allocation(LayerwiseEvaluation(model, windows, threads: 2)) { _, _ in }
    let natural = allocation.naturalFractions
    let macs = model.sites.map { $0.isHead ? 0 : $0.macs }
    func sparsity(_ quantile: Double) -> Double {
      zip(macs, natural).reduce(0) { $0 + $1.0 * max($1.1, quantile) } / macs.reduce(0, +)
    }
    let quantile = stride(from: 0.0, to: 1, by: 0.001).first { sparsity($0) >= 0.65 }!
    func loss(_ fractions: [Double]) throws -> Double {
      try LayerwiseEvaluation(model, windows, threads: 2).settle(fractions: fractions) { _ in }
    }
    let dense = try LayerwiseEvaluation(model, windows, threads: 2).loss()
    let allocated = try loss(allocation.fractions(sparsity: sparsity(quantile)))
    let uniform = try loss(natural.map { max($0, quantile) })
    #expect(allocated - dense < 0.85 * (uniform - dense))
  }
}
