import Foundation
import Quell

/// What a sweep has measured: the document that `quell sweep` writes, and its checkpoint while it has not measured everything.
struct SweepDocument: CheckpointDocument, Equatable {
  /// What is measured.
  struct Subject: Codable, Equatable {
    let model: String
    /// 16 hexadecimal digits.
    let modelFingerprint: String
    /// What weights were converted to before they were evaluated, `source` for as they are.
    let weights: String
    /// Tokens that calibrations may take.
    let calibrationTokens: Int
    /// Predictions.
    let evaluationTokens: Int
    let context: Int
    /// Tells the tokens of the two texts from those of others.
    let texts: String
  }

  /// A site of the model.
  struct Site: Codable, Equatable {
    let name: String
    let kind: String
    /// The block, where the name says so.
    let layer: Int?
  }

  /// The model with all thresholds at 0.
  struct Dense: Codable, Equatable {
    let loss: Double
    let lossStandardError: Double
    /// The fraction of multiply-accumulates that meets zeros by itself, the head's apart.
    let sparsity: Double
    /// The fraction of each site's inputs that is zero.
    let siteSparsity: [Double]
  }

  /// The model as a method has made it.
  struct Point: Codable, Equatable {
    let method: CalibrationMethod
    /// What was asked for: a sparsity, or of `sequential` the factor that a site may multiply the loss by.
    let target: Double
    /// The fraction of multiply-accumulates that was skipped on the evaluation text, the head's apart.
    let sparsity: Double
    let loss: Double
    /// Nats above the dense model's loss.
    let lossIncrease: Double
    /// Of the differences of the same predictions, as if these were independent.
    let lossIncreaseStandardError: Double
    /// What the calibration took by itself; sensitivities and magnitudes that several points share count for each.
    let calibrationSeconds: Double
    /// The fraction of each site's inputs that was quiet.
    let siteSparsity: [Double]

    /// Whether a sweep can have measured it on a model of so many sites.
    func isPossible(sites: Int) -> Bool {
      siteSparsity.count == sites && siteSparsity.allSatisfy((0...1).contains) && (0...1).contains(sparsity)
        && (0...Point.mostSeconds).contains(calibrationSeconds)
    }

    /// What a calibration does not take: three hundred years.
    private static let mostSeconds = 1e10

    /// The point for people.
    var line: String {
      "\(method.rawValue) \(target): \(Percentage(sparsity)) sparse, loss \(Figures.signed(lossIncrease, 4)) ± "
        + "\(Figures.fixed(lossIncreaseStandardError, 4)), \(Int(calibrationSeconds.rounded())) s to calibrate"
    }
  }

  static let formatName = "quell-sweep"
  static let currentVersion = 1
  static let work = "a sweep"

  var format = formatName
  var version = currentVersion
  let subject: Subject
  let sites: [Site]
  let dense: Dense
  var points: [Point] = []

  /// The point of a method and a target, if it has been measured.
  func point(_ method: CalibrationMethod, _ target: Double) -> Point? { points.first { $0.method == method && $0.target == target } }
}
