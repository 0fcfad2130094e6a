import ArgumentParser
import Quell
import QuellCalibration
import QuellImport

/// `quell calibrate`: finds thresholds.
struct CalibrateCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Find thresholds that make a model skip a part of its work.",
    discussion: """
      Runs the model over a text. The method 'allocate' measures how much each site may skip before the model's predictions change, and \
      shares a target out among the sites so that they change least. The method 'uniform' gives every site the same quantile of its \
      input's magnitudes as threshold. The vocabulary head stays as it is unless --include-head says otherwise.

      The method 'compensate' writes a new model instead: sites as sparse as 'allocate' finds, and weights fitted so that they make up \
      for what the thresholds hold back, from an f32, f16 or bf16 model. Quantise the result with 'quell convert'.

      The method 'sequential' is the search of arXiv 2501.16337: site by site, the sparsest of nine densities that keeps the loss \
      below --loss-increase times what it was before. Ctrl-C leaves a file beside the output, from which --resume goes on.
      """)

  static let examples = [
    "quell calibrate -m model.gguf -f text.txt --sparsity 0.63 -o thresholds.json",
    "quell calibrate -m model.gguf -f text.txt --sparsity 0.63 -o sparse.gguf",
    "quell calibrate -m model.gguf -f text.txt --method sequential --loss-increase 1.0005 -o thresholds.json",
  ]

  @OptionGroup var model: ModelOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The text to calibrate on.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "How thresholds are found: allocate, uniform or sequential, or with fitted weights: compensate. (default: compensate where the output "
        + "is a .gguf, else allocate)", valueName: "method"))
  var method: CalibrationMethod?

  private var chosenMethod: CalibrationMethod { method ?? (output.lowercased().hasSuffix(".gguf") ? .compensate : .allocate) }

  @OptionGroup var target: TargetOptions

  @Option(
    help: ArgumentHelp("sequential: what the threshold of a site may multiply the loss by, such as 1.0005.", valueName: "factor"))
  var lossIncrease: Double?

  @Option(help: ArgumentHelp("sequential: stop after measuring so many losses; the sites that are left stay dense.", valueName: "count"))
  var maxEvaluations: Int?

  @Flag(help: "sequential: go on from where Ctrl-C ended the same search.")
  var resume = false

  @Flag(help: "allocate, compensate, uniform: the vocabulary head gets a threshold too, and its multiply-accumulates count.")
  var includeHead = false

  @Flag(help: "compensate: thresholds around zero, so that a step has nothing to subtract.")
  var noCentre = false

  @Option(help: ArgumentHelp("How many tokens of the text to calibrate on at most, in windows spread over it.", valueName: "count"))
  var tokens = 32768

  @Option(name: .long, help: ArgumentHelp("How many windows are worked on at a time; changes no result.", valueName: "count"))
  var threads = 1

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where to write the thresholds: as JSON, or to NAME.gguf as a model that carries them.", valueName: "file"))
  var output: String

  func validate() throws {
    guard tokens >= 1 else { throw ValidationError("--tokens is a number of at least 1") }
    guard (1...256).contains(threads) else { throw ValidationError("--threads is a number from 1 to 256") }
    if noCentre, chosenMethod != .compensate { throw ValidationError("--no-centre belongs to --method compensate") }
    let target = try target.target
    guard chosenMethod == .sequential else {
      guard target != nil else { throw ValidationError("give a --sparsity, such as 0.63, or another target") }
      if chosenMethod == .uniform, self.target.sparsity == nil, self.target.targetEnergy == nil {
        throw ValidationError("--method uniform reaches a --sparsity or a --target-energy, no other target")
      }
      guard lossIncrease == nil, maxEvaluations == nil, !resume else {
        throw ValidationError("--loss-increase, --max-evaluations and --resume belong to --method sequential")
      }
      return
    }
    guard !includeHead else { throw ValidationError("--method sequential leaves the vocabulary head out, as the paper does") }
    guard target == nil else { throw ValidationError("--method sequential has no target: give a --loss-increase") }
    guard let lossIncrease, lossIncrease >= 1, lossIncrease.isFinite else {
      throw ValidationError("--method sequential needs --loss-increase, a factor of at least 1 such as 1.0005")
    }
    if let maxEvaluations, maxEvaluations < 1 { throw ValidationError("--max-evaluations is a number of at least 1") }
  }

  func run() throws {
    let model = try model.open()
    let windows = try Calibration.windows(model, Files.read(file), tokens: tokens)
    switch chosenMethod {
    case .allocate:
      try report(
        Calibration.allocated(model, windows, to: target.target!, includingHead: includeHead, threads: threads), model)
    case .compensate:
      let calibration = try naming(self.model.model, output) {
        try Calibration.compensated(
          self.model.model, to: output, windows, to: target.target!, includingHead: includeHead, threads: threads,
          isCentred: !noCentre)
      }
      try StandardOutput.write(
        "\(output): \(model.sites.count) sites at \(Percentage(calibration.sparsity)) sparsity, weights fitted on "
          + "\(calibration.tokenCount) tokens\n")
    case .uniform:
      try report(
        Calibration.uniform(model, windows, to: target.target!, includingHead: includeHead, threads: threads), model)
    case .sequential:
      let evaluation = try LayerwiseEvaluation(model, windows, threads: threads) { Interruption.isRequested }
      let (calibration, record) = try Calibration.sequential(
        evaluation, lossIncrease: lossIncrease!, mostEvaluations: maxEvaluations, checkpoint: Checkpoint(for: output),
        resumes: resume)
      let loss = record.choices.last?.loss ?? record.denseLoss!
      try report(
        calibration, model,
        "; loss \(Figures.fixed(record.denseLoss!, 4)) dense, \(Figures.fixed(loss, 4)) sparse, \(record.evaluations) loss evaluations")
    }
  }

  private func report(_ calibration: Calibration, _ model: Model, _ more: String = "") throws {
    try CalibrationOutput.write(ThresholdFile(calibration, of: model), for: model, self.model.model, to: output)
    try StandardOutput.write(
      "\(output): thresholds of \(model.sites.count) sites for \(Percentage(calibration.sparsity)) sparsity, from "
        + "\(calibration.tokenCount) tokens\(more)\n")
  }
}

/// Where thresholds go.
enum CalibrationOutput {
  /// Writes a JSON document, or a copy of the model at `source` where the name of the output is that of a model file.
  static func write(_ file: ThresholdFile, for model: Model, _ source: String, to output: String) throws {
    guard output.lowercased().hasSuffix(".gguf") else { return try Files.write(JSONDocument.encode(file), to: output) }
    let thresholds = try file.thresholds(for: model, output)
    var progress = Progress("writing", in: .bytes)
    defer { progress.finish() }
    try naming(source, output) {
      try copyModel(from: source, to: output, thresholds: thresholds) { done, total in
        progress.update(done, of: total)
        return !Interruption.isRequested
      }
    }
  }
}
