import Quell
import Testing

@testable import QuellCalibration

@Suite struct LayerwiseEvaluationTests {
  /// The losses of a session that takes the tokens one by one.
  private func plainLosses(_ model: Model, _ windows: [ArraySlice<UInt32>], _ thresholds: [Float]) throws -> [Double] {
    let session = try Session(model, contextLength: 256)
    for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    return try windows.map { window in
      session.reset()
      var sum = 0.0
      for (token, next) in zip(window, window.dropFirst()) {
        try session.step(token)
        sum += LogitMeasures.surprise(at: next, session.logits)
      }
      return sum
    }
  }

  /// Thresholds that leave every site some of its inputs.
  private func someThresholds(_ model: Model) -> [Float] {
    model.sites.enumerated().map { $1.isHead ? 0 : Float($0 % 5) * 0.1 }
  }

  @Test(arguments: ShippedModel.allCases) func lossesAreThoseOfSteps(_ shipped: ShippedModel) throws {
    let (model, windows) = (shipped.model, try shipped.unevenWindows)
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 1)
    #expect(try evaluation.losses() == plainLosses(model, windows, [Float](repeating: 0, count: model.sites.count)))
    let thresholds = someThresholds(model)
    for (site, threshold) in thresholds.enumerated() { evaluation.setThreshold(threshold, site: site) }
    #expect(try evaluation.losses() == plainLosses(model, windows, thresholds))
  }

  /// Wherever the program is cut, what is kept is all that the rest needs.
  @Test(arguments: ShippedModel.allCases, [1, 3]) func lossesAreThoseOfStepsFromEveryCut(_ shipped: ShippedModel, _ threads: Int) throws {
    let (model, windows) = (shipped.model, try shipped.unevenWindows)
    let evaluation = try LayerwiseEvaluation(model, windows, threads: threads)
    let thresholds = someThresholds(model)
    for (site, threshold) in thresholds.enumerated() { evaluation.setThreshold(threshold, site: site) }
    let plain = try plainLosses(model, windows, thresholds)
    for site in [0, 1, 2, 3, 4, 5, 6, 7, 10, 15, 20, 24, 31, 36, 41, 42] where site < model.sites.count {
      try evaluation.advance(beforeFirstOf: [site])
      #expect(try evaluation.losses() == plain, "before \(model.sites[site].name)")
    }
  }

  /// What is settled stays as it was when the cut passed it.
  @Test func aThresholdBeforeTheCutChangesNothing() throws {
    let (model, windows) = (ShippedModel.recurrent.model, try ShippedModel.recurrent.unevenWindows)
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 1)
    let dense = try evaluation.loss()
    try evaluation.advance(beforeFirstOf: [9])
    evaluation.setThreshold(100, site: 2)
    #expect(try evaluation.loss() == dense)
    evaluation.setThreshold(0.5, site: 9)
    #expect(try evaluation.loss() != dense)
    #expect(evaluation.evaluations == 3)
  }

  /// The inputs that a site is shown are those that a session sees with the same thresholds before it: its histograms say so.
  @Test(arguments: ShippedModel.allCases) func gatheredInputsAreThoseOfSteps(_ shipped: ShippedModel) throws {
    let (model, windows) = (shipped.model, try shipped.unevenWindows)
    let thresholds = someThresholds(model)
    let session = try Session(model, contextLength: 256)
    for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    let seen = session.collectStatistics()
    for window in windows {
      session.reset()
      for token in window.dropLast() { try session.step(token) }
    }
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 2)
    for (site, threshold) in thresholds.enumerated() { evaluation.setThreshold(threshold, site: site) }
    for site in stride(from: 0, to: model.sites.count, by: 3) {
      try evaluation.advance(beforeFirstOf: [site])
      let magnitudes = try evaluation.gather(inputsOf: site, initial: [Float]()) { $0 += $1.map(\.magnitude) }
      #expect(magnitudes.map { $0.count / model.sites[site].inputs } == windows.map { $0.count - 1 })
      let (all, count) = (magnitudes.flatMap { $0 }.sorted(), evaluation.tokenCount * model.sites[site].inputs)
      #expect(seen.zeroFraction(site: site) == Double(all.count { $0 == 0 }) / Double(count))
      // A bin is a hundredth of its magnitude wide.
      let median = seen.quantile(0.9, site: site)
      #expect(abs(all[count * 9 / 10] - median) <= 0.02 * median)
    }
  }

  @Test(arguments: ShippedModel.allCases) func quietFractionsAreThoseOfSteps(_ shipped: ShippedModel) throws {
    let (model, windows) = (shipped.model, try shipped.unevenWindows)
    let thresholds = someThresholds(model)
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 2)
    for (site, threshold) in thresholds.enumerated() { evaluation.setThreshold(threshold, site: site) }
    for site in [5, 11] { try evaluation.advance(beforeFirstOf: [site]) }
    try evaluation.finish()
    let session = try Session(model, contextLength: 256)
    for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    for window in windows {
      session.reset()
      for token in window.dropLast() { try session.step(token) }
    }
    let fractions = zip(model.sites, session.eventCounts).map { 1 - Double($1) / Double($0.inputs * evaluation.tokenCount) }
    #expect(evaluation.quietFractions == fractions)
  }

  @Test func workIsStoppedBetweenWindows() throws {
    let (model, windows) = (ShippedModel.recurrent.model, try ShippedModel.recurrent.unevenWindows)
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 2) { true }
    #expect(throws: CalibrationStop.self) { try evaluation.loss() }
  }
}
