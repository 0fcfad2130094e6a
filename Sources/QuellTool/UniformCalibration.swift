import Quell
import QuellCalibration

extension Calibration {
  /// Gives every site the same quantile, for a sparsity or for an energy.
  static func uniform(
    _ model: Model, _ windows: [ArraySlice<UInt32>], to target: CalibrationTarget, includingHead: Bool, threads: Int
  ) throws -> Calibration {
    let uniform = try uniform(model, windows, includingHead: includingHead, threads: threads)
    let tokens = windows.reduce(0) { $0 + $1.count - 1 }
    func calibration(_ sparsity: Double) -> Calibration { Calibration(uniform, sparsity: sparsity, tokens: tokens) }
    switch target {
    case .sparsity(let sparsity):
      if sparsity <= uniform.naturalSparsity { noteNatural(uniform.naturalSparsity) }
      return calibration(sparsity)
    case .energy(let goal): return calibration(try goal.sparsity(of: model, windows) { uniform.thresholds(sparsity: $0).thresholds })
    case .macs, .lossIncrease: throw CommandFailure(.usage, "--method uniform reaches a --sparsity or a --target-energy")
    }
  }

  /// Runs the model densely over the windows of a text.
  static func uniform(
    _ model: Model, _ windows: [ArraySlice<UInt32>], includingHead: Bool = false, threads: Int
  ) throws -> UniformCalibration {
    var progress = Progress("calibrating")
    defer { progress.finish() }
    return try UniformCalibration(evaluation(model, windows, threads), includingHead: includingHead) { progress.update($0, "magnitudes") }
  }

  /// What one quantile for all sites comes to.
  init(_ uniform: UniformCalibration, sparsity: Double, tokens: Int) {
    let found = uniform.thresholds(sparsity: sparsity)
    method = "uniform"
    thresholds = found.thresholds
    siteSparsity = found.quietFractions
    statistics = uniform.histograms.map { ThresholdFile.Statistics($0) }
    self.sparsity = sparsity
    tokenCount = UInt64(tokens)
  }
}

extension ThresholdFile.Statistics {
  /// What the magnitudes of a dense run say of a site.
  fileprivate init(_ magnitudes: MagnitudeHistogram) {
    func quantile(_ fraction: Double) -> Double { Double(magnitudes.quantile(fraction).magnitude) }
    self.init(zeros: magnitudes.zeroFraction, median: quantile(0.5), percentile90: quantile(0.9), percentile99: quantile(0.99))
  }
}
