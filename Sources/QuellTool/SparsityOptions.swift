import ArgumentParser
import Quell

/// Where the thresholds come from; without any of these options they are the model's own.
struct SparsityOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Thresholds made by `quell calibrate`.", valueName: "file"))
  var thresholds: String?

  @Option(help: ArgumentHelp("Calibrate first, to this fraction of multiply-accumulates skipped, 0 to 1.", valueName: "fraction"))
  var sparsity: Double?

  @Option(help: ArgumentHelp("The text to calibrate on with --sparsity.", valueName: "file"))
  var calibration: String?

  func validate() throws {
    if thresholds != nil, sparsity != nil { throw ValidationError("--thresholds and --sparsity exclude each other") }
    guard (sparsity == nil) == (calibration == nil) else { throw ValidationError("--sparsity and --calibration belong together") }
    if let sparsity { try SparsityOptions.check(sparsity) }
  }

  /// Refuses what is no fraction.
  static func check(_ sparsity: Double) throws {
    guard sparsity >= 0, sparsity <= 1 else { throw ValidationError("--sparsity is a fraction from 0 to 1, such as 0.63") }
  }

  /// Sets the session's thresholds as asked for.
  func apply(to session: Session) throws {
    guard let found = try find(for: session.model) else { return }
    for (site, threshold) in found.enumerated() { try session.setThreshold(threshold, site: site) }
  }

  /// The thresholds that are asked for, in the order of a model's sites; nil for the model's own.
  func find(for model: Model) throws -> [Float]? {
    if let thresholds { return try ThresholdFile.thresholds(fromFile: thresholds, for: model) }
    guard let sparsity, let calibration else { return nil }
    let windows = try Calibration.windows(model, Files.read(calibration), tokens: .max)
    return try Calibration.uniform(model, windows, to: .sparsity(sparsity), includingHead: false, threads: 1).thresholds
  }
}
