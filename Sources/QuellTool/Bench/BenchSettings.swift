import Quell
import QuellCalibration

/// The settings that are compared: sessions that differ in thresholds and threads, each over the model as it lies best for them.
struct BenchSettings {
  /// Tokens that are enough to find the quantiles of many thousand magnitudes at every site.
  private static let calibrationTokens = 64

  let sessions: [BenchSession]

  init(
    _ model: BenchModel, context: Int, batch: Int, threads: [Int], sparsities: [Double]?, sparseHead: Bool, thresholdFile: String?
  ) throws {
    let base = model.base
    let context = max(context, BenchSettings.calibrationTokens)
    let length = base.contextLength == 0 ? context : min(context, base.contextLength)
    var settings: [(model: Model, sparsity: Double?, thresholds: [Float])] = []
    if let sparsities {
      let uniform = try BenchSettings.calibrate(base, contextLength: length, includingHead: sparseHead)
      for sparsity in sparsities {
        let found = uniform.thresholds(sparsity: sparsity)
        settings.append((try model.laidOut(for: found.quietFractions), sparsity, found.thresholds))
      }
    } else {
      let thresholds = try thresholdFile.map { try ThresholdFile.thresholds(fromFile: $0, for: base) }
      settings.append((try model.converted(), nil, thresholds ?? base.sites.map { $0.threshold }))
    }
    sessions = try threads.flatMap { threads in
      try settings.map { model, sparsity, thresholds in
        let session = try Session(model, contextLength: length, threads: threads, batch: batch)
        for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
        return BenchSession(session, sparsity: sparsity, threads: threads)
      }
    }
  }

  /// The magnitudes at every site. What would be predicted from the last token is of no interest.
  private static func calibrate(_ model: Model, contextLength: Int, includingHead: Bool) throws -> UniformCalibration {
    let tokens = RandomTokens.make(min(calibrationTokens, contextLength), below: model.vocabularySize) + [0]
    return try UniformCalibration(Calibration.evaluation(model, [tokens[...]], 1), includingHead: includingHead) { _ in }
  }
}
