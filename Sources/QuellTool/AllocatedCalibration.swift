import Quell
import QuellCalibration
import QuellImport

/// What a calibration is to reach.
enum CalibrationTarget {
  /// A fraction of the multiply-accumulates to skip, of the sites that take part.
  case sparsity(Double)
  /// Multiply-accumulates to do for each token, of the sites that take part.
  case macs(Double)
  /// By how much the loss may increase, as a fraction of the dense model's.
  case lossIncrease(Double)
  /// A fraction of the dense model's energy on a device.
  case energy(EnergyGoal)
}

extension Calibration {
  /// The most memory for what the dense model gives, with which sparser ones are compared.
  private static let referenceBytes = 1 << 30

  /// Measures how sensitive each site is, and shares a target out among them.
  static func allocated(
    _ model: Model, _ windows: [ArraySlice<UInt32>], to target: CalibrationTarget, includingHead: Bool, threads: Int
  ) throws -> Calibration {
    // Setting the thresholds takes a twentieth of the time.
    try allocated({ model }, windows, to: target, includingHead: includingHead, threads: threads, measuring: 0.95) {
      allocation, sparsity, report in
      try settled(model, windows, allocation, sparsity: sparsity, threads: threads, report)
    }
  }

  /// Writes a model with sites as sparse as their sensitivity allows, and weights that make up for what is lost.
  static func compensated(
    _ path: String, to output: String, _ windows: [ArraySlice<UInt32>], to target: CalibrationTarget, includingHead: Bool, threads: Int,
    isCentred: Bool
  ) throws -> Calibration {
    try requireFittable(Model(path: path), path)
    // Each part opens the model for itself, so that what one of them has read takes no memory while weights are fitted.
    let compensation = try allocated(
      { try Model(path: path) }, windows, to: target, includingHead: includingHead, threads: threads, measuring: 0.7
    ) { allocation, sparsity, report in
      let plan = allocation.plan(sparsity: sparsity, isCentred: isCentred)
      let fitted = try Calibration.compensation(of: path, near: output, windows, plan, threads: threads, report)
      return (fitted, fitted.loss)
    }
    try compensation.write(to: output)
    return Calibration("compensate", compensation.evaluation, includingHead: includingHead)
  }

  // MARK: Parts

  /// Measures how sensitive each site is, on a quarter of the windows.
  static func sensitivities(
    _ model: Model, _ windows: [ArraySlice<UInt32>], includingHead: Bool = false, threads: Int, _ report: (Double, String) -> Void
  ) throws -> Allocation {
    let tokens = windows.reduce(0) { $0 + $1.count - 1 }
    let some = CalibrationWindows.spread(
      windows, tokens: max(min(tokens / 4, referenceBytes / 4 / max(model.vocabularySize, 1)), 1))
    return try Allocation(evaluation(model, some, threads), includingHead: includingHead) { site, fraction in
      report(fraction, "sensitivity of \(site)")
    }
  }

  /// Sets thresholds for a sparsity, and gives the loss with them.
  static func settled(
    _ model: Model, _ windows: [ArraySlice<UInt32>], _ allocation: Allocation, sparsity: Double, threads: Int,
    _ report: (Double, String) -> Void
  ) throws -> (result: Calibration, loss: Double) {
    let evaluation = try evaluation(model, windows, threads)
    let loss = try evaluation.settle(fractions: allocation.fractions(sparsity: sparsity)) { fraction in
      report(fraction, "thresholds for \(Percentage(sparsity)) sparsity")
    }
    return (Calibration("allocate", evaluation, includingHead: allocation.includesHead), loss)
  }

  /// Fits weights to thresholds.
  static func compensation(
    of path: String, near output: String, _ windows: [ArraySlice<UInt32>], _ plan: Compensation.Plan, threads: Int,
    _ report: (Double, String) -> Void
  ) throws -> Compensation {
    try Compensation(of: path, near: output, plan, windows: windows, threads: threads, isStopped: { Interruption.isRequested }) {
      site, fraction in report(fraction, "weights of \(site)")
    }
  }

  static func evaluation(_ model: Model, _ windows: [ArraySlice<UInt32>], _ threads: Int) throws -> LayerwiseEvaluation {
    try LayerwiseEvaluation(model, windows, threads: threads) { Interruption.isRequested }
  }

  // MARK: Targets

  /// Measures how sensitive each site is, and looks for a result that meets a target.
  ///
  /// The sensitivities are measured on a quarter of the windows, results are then made from all of them.
  ///
  /// - Parameters:
  ///   - open: Gives the model.
  ///   - share: The share of the time that measuring takes.
  ///   - make: Makes a result for a sparsity and gives its loss.
  private static func allocated<Result>(
    _ open: () throws -> Model, _ windows: [ArraySlice<UInt32>], to target: CalibrationTarget, includingHead: Bool, threads: Int,
    measuring share: Double,
    _ make: (_ allocation: Allocation, _ sparsity: Double, _ report: (Double, String) -> Void) throws -> (result: Result, loss: Double)
  ) throws -> Result {
    var progress = Progress("calibrating")
    defer { progress.finish() }
    let allocation = try sensitivities(open(), windows, includingHead: includingHead, threads: threads) {
      progress.update(share * $0, $1)
    }
    func report(_ fraction: Double, _ detail: String) { progress.update(share + (1 - share) * fraction, detail) }
    func made(_ sparsity: Double) throws -> (result: Result, loss: Double) { try make(allocation, sparsity, report) }
    switch target {
    case .sparsity(let sparsity):
      if sparsity <= allocation.naturalSparsity { noteNatural(allocation.naturalSparsity) }
      return try made(sparsity).result
    case .macs(let macs): return try made(min(max(1 - macs / allocation.denseMACs, 0), 1)).result
    case .lossIncrease(let fraction):
      let dense = try evaluation(open(), windows, threads).loss()
      return try allocation.highestSparsity(increase: fraction * dense) { sparsity in
        let (result, loss) = try made(sparsity)
        return (result, loss - dense)
      }
    case .energy(let goal):
      // Events are what is paid for, and whatever a result makes of a sparsity, it has as many.
      let model = try open()
      let sparsity = try goal.sparsity(of: model, windows) { sparsity in
        try settled(model, windows, allocation, sparsity: sparsity, threads: threads, report).result.thresholds
      }
      return try made(sparsity).result
    }
  }
}
