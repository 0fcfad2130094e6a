import Foundation
import Quell
import QuellCalibration
import QuellCost
import QuellImport

/// A model made sparse in several ways and to several degrees, each evaluated on the same text.
///
/// What points have in common is measured once: the dense model's predictions, the sensitivities of the sites, the magnitudes at them.
final class Sweep {
  /// What the parts of a sweep are told.
  struct Settings {
    /// The path of the model.
    let path: String
    /// The name of what is written; files of its own lie beside it meanwhile.
    let output: String
    /// What is calibrated on.
    let windows: [ArraySlice<UInt32>]
    /// What is evaluated on.
    let text: TextWindows
    let context: Int
    /// What weights are converted to before they are evaluated.
    let weights: WeightOption
    let threads: Int
  }

  private let model: Model
  private let settings: Settings
  /// The model that thresholds are evaluated on.
  private let evaluated: Model
  private let surprises: [Double]
  private var allocation: (result: Allocation, seconds: Double)?
  private var uniform: (result: UniformCalibration, seconds: Double)?
  /// What has been measured.
  private(set) var document: SweepDocument

  /// Evaluates the dense model.
  init(_ model: Model, _ settings: Settings) throws {
    (self.model, self.settings) = (model, settings)
    evaluated =
      settings.weights == .source
      ? model
      : try Sweep.withTemporaryFile(beside: settings.output) { path in
        try ModelConversion.run(settings.path, to: path, ConversionOptions(weights: settings.weights.type))
        return try Model(path: path)
      }
    let run = try EvaluationRun(evaluated, over: settings.text, threads: settings.threads, reference: nil) { session in
      for site in model.sites.indices { try session.setThreshold(0, site: site) }
    }
    surprises = run.predictions.map(\.surprise)
    let sparsity = SparsityReport(model.sites, events: run.eventCounts, tokens: run.counts.tokens)
    document = SweepDocument(
      subject: SweepDocument.Subject(model, settings),
      sites: zip(model.sites, model.outline.titles).map { .init(name: $0.name, kind: $0.kind, layer: $1.layer) },
      dense: SweepDocument.Dense(
        loss: surprises.mean, lossStandardError: surprises.standardErrorOfMean, sparsity: sparsity.macs,
        siteSparsity: sparsity.sites.map(\.sparsity)))
  }

  /// Goes on from what an earlier sweep has measured. Returns whether that is of the same model and texts.
  func resume(_ earlier: SweepDocument) -> Bool {
    guard earlier.subject == document.subject, earlier.sites == document.sites,
      earlier.points.allSatisfy({ $0.isPossible(sites: document.sites.count) })
    else { return false }
    document.points = earlier.points
    return true
  }

  /// Makes the model sparse by a method, evaluates it, and adds what comes of it to the document.
  func measure(_ method: CalibrationMethod, _ target: Double) throws {
    let start = ContinuousClock.now
    var shared = 0.0
    func point(_ evaluated: Model, thresholds: [Float]?) throws {
      let seconds = (ContinuousClock.now - start).seconds + shared
      let run = try EvaluationRun(evaluated, over: settings.text, threads: settings.threads, reference: nil) { session in
        for (site, threshold) in (thresholds ?? []).enumerated() { try session.setThreshold(threshold, site: site) }
      }
      let differences = zip(run.predictions, surprises).map { $0.surprise - $1 }
      let sparsity = SparsityReport(model.sites, events: run.eventCounts, tokens: run.counts.tokens)
      document.points.append(
        SweepDocument.Point(
          method: method, target: target, sparsity: sparsity.macs, loss: run.predictions.map(\.surprise).mean,
          lossIncrease: differences.mean, lossIncreaseStandardError: differences.standardErrorOfMean, calibrationSeconds: seconds,
          siteSparsity: sparsity.sites.map(\.sparsity)))
    }
    switch method {
    case .uniform:
      let isShared = uniform != nil
      let uniform = try measuredUniform()
      shared = isShared ? uniform.seconds : 0
      try point(evaluated, thresholds: uniform.result.thresholds(sparsity: target).thresholds)
    case .allocate:
      let isShared = allocation != nil
      let allocation = try measuredAllocation()
      shared = isShared ? allocation.seconds : 0
      let thresholds = try withProgress { report in
        try Calibration.settled(model, settings.windows, allocation.result, sparsity: target, threads: settings.threads, report)
          .result.thresholds
      }
      try point(evaluated, thresholds: thresholds)
    case .compensate:
      let isShared = allocation != nil
      let allocation = try measuredAllocation()
      shared = isShared ? allocation.seconds : 0
      let fitted = try Sweep.withTemporaryFile(beside: settings.output) { path in
        try withProgress { report in
          let plan = allocation.result.plan(sparsity: target, isCentred: true)
          try Calibration.compensation(of: settings.path, near: path, settings.windows, plan, threads: settings.threads, report)
            .write(to: path, weights: settings.weights == .source ? nil : settings.weights.type)
        }
        return try Model(path: path)
      }
      try point(fitted, thresholds: nil)
    case .sequential:
      let evaluation = try Calibration.evaluation(model, settings.windows, settings.threads)
      var search = SequentialSearch(evaluation, lossIncrease: target)
      try Calibration.run(&search)
      try point(evaluated, thresholds: evaluation.thresholds)
    }
  }

  // MARK: What points have in common

  private func measuredAllocation() throws -> (result: Allocation, seconds: Double) {
    if let allocation { return allocation }
    let start = ContinuousClock.now
    let result = try withProgress { try Calibration.sensitivities(model, settings.windows, threads: settings.threads, $0) }
    allocation = (result, (ContinuousClock.now - start).seconds)
    return allocation!
  }

  private func measuredUniform() throws -> (result: UniformCalibration, seconds: Double) {
    if let uniform { return uniform }
    let start = ContinuousClock.now
    let result = try Calibration.uniform(model, settings.windows, threads: settings.threads)
    uniform = (result, (ContinuousClock.now - start).seconds)
    return uniform!
  }

  private func withProgress<Result>(_ work: (_ report: (Double, String) -> Void) throws -> Result) rethrows -> Result {
    var progress = Progress("calibrating")
    defer { progress.finish() }
    return try work { progress.update($0, $1) }
  }

  /// Gives the name of a file that is gone afterwards. A model that was opened stays mapped.
  private static func withTemporaryFile<Result>(beside output: String, _ work: (_ path: String) throws -> Result) throws -> Result {
    let path = "\(output).\(String(UInt32.random(in: .min ... .max), radix: 16)).gguf"
    defer { unlink(path) }
    return try work(path)
  }
}

extension SweepDocument.Subject {
  fileprivate init(_ model: Model, _ settings: Sweep.Settings) {
    let texts = CalibrationWindows.fingerprint(settings.windows + settings.text.windows)
    self.init(
      model: model.name, modelFingerprint: fingerprintDigits(model.fingerprint), weights: settings.weights.rawValue,
      calibrationTokens: settings.windows.reduce(0) { $0 + $1.count - 1 }, evaluationTokens: settings.text.predictionCount,
      context: settings.context, texts: fingerprintDigits(texts))
  }
}
