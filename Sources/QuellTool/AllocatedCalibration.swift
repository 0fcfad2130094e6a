import Quell
import QuellCalibration

/// What a calibration is to reach.
enum CalibrationTarget {
  /// A fraction of the multiply-accumulates to skip, the vocabulary head's apart.
  case sparsity(Double)
  /// Multiply-accumulates to do for each token, the vocabulary head's apart.
  case macs(Double)
  /// By how much the loss may increase, as a fraction of the dense model's.
  case lossIncrease(Double)
}

extension Calibration {
  /// The most memory for what the dense model gives, with which sparser ones are compared.
  private static let referenceBytes = 1 << 30

  /// Measures how sensitive each site is, and shares a target out among them.
  ///
  /// The sensitivities are measured on a quarter of the windows, the thresholds are then set on all of them.
  static func allocated(
    _ model: Model, _ windows: [ArraySlice<UInt32>], to target: CalibrationTarget, threads: Int
  ) throws -> Calibration {
    var progress = Progress("calibrating")
    defer { progress.finish() }
    let tokens = windows.reduce(0) { $0 + $1.count - 1 }
    let some = CalibrationWindows.spread(
      windows, tokens: max(min(tokens / 4, referenceBytes / 4 / max(model.vocabularySize, 1)), 1))
    // Setting the thresholds takes a twentieth of the time.
    let allocation = try Allocation(evaluation(model, some, threads)) { site, fraction in
      progress.update(0.95 * fraction, "sensitivity of \(site)")
    }

    func calibration(_ sparsity: Double) throws -> (result: Calibration, loss: Double) {
      let evaluation = try evaluation(model, windows, threads)
      let loss = try evaluation.settle(fractions: allocation.fractions(sparsity: sparsity)) { fraction in
        progress.update(0.95 + 0.05 * fraction, "thresholds for \(Percentage(sparsity)) sparsity")
      }
      return (Calibration("allocate", evaluation), loss)
    }
    switch target {
    case .sparsity(let sparsity): return try calibration(sparsity).result
    case .macs(let macs): return try calibration(min(max(1 - macs / allocation.denseMACs, 0), 1)).result
    case .lossIncrease(let fraction):
      let dense = try evaluation(model, windows, threads).loss()
      return try allocation.highestSparsity(increase: fraction * dense) { sparsity in
        let (result, loss) = try calibration(sparsity)
        return (result, loss - dense)
      }
    }
  }

  private static func evaluation(_ model: Model, _ windows: [ArraySlice<UInt32>], _ threads: Int) throws -> LayerwiseEvaluation {
    try LayerwiseEvaluation(model, windows, threads: threads) { Interruption.isRequested }
  }
}
