import Quell
import QuellCalibration

/// Thresholds found by looking at what a model does with a text.
struct Calibration {
  /// How they were found, as threshold files name it.
  let method: String
  /// The threshold of each site.
  let thresholds: [Float]
  /// The fraction of each site's inputs that is quiet on the text.
  let siteSparsity: [Double]
  /// The magnitudes at each site in the dense model, where the method has looked at them.
  let statistics: [ThresholdFile.Statistics]?
  /// The sparsity of the sites that take part, weighted by multiply-accumulates: what was asked for, or what was reached where
  /// something else was.
  let sparsity: Double
  /// Tokens that the model took.
  let tokenCount: UInt64

  /// The windows of a text that a model is calibrated on: at most so many tokens, spread over the text.
  static func windows(_ model: Model, _ text: [UInt8], tokens: Int) throws -> [ArraySlice<UInt32>] {
    let windows = try TextWindows(text, tokenizer: model.requireTokenizer(), length: TextWindows.length(asked: nil, for: model)).windows
    let spread = CalibrationWindows.spread(windows, tokens: tokens)
    guard !spread.isEmpty else { throw CommandFailure(.failed, "the calibration text is empty") }
    return spread
  }

  /// Says that what was asked for is no more than the model has by itself.
  static func noteNatural(_ sparsity: Double) {
    StandardError.note("the model is \(Percentage(sparsity)) sparse on this text by itself: all thresholds stay 0")
  }

  /// Thresholds that layer-wise evaluation has settled.
  init(_ method: String, _ evaluation: LayerwiseEvaluation, includingHead: Bool = false) {
    self.method = method
    thresholds = evaluation.thresholds
    siteSparsity = evaluation.quietFractions
    statistics = nil
    var (quiet, all) = (0.0, 0.0)
    for (site, fraction) in zip(evaluation.model.sites, siteSparsity) where !site.isHead || includingHead {
      (quiet, all) = (quiet + site.macs * fraction, all + site.macs)
    }
    sparsity = quiet / all
    tokenCount = UInt64(evaluation.tokenCount)
  }
}
