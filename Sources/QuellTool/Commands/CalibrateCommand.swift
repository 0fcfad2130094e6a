import ArgumentParser
import Quell
import QuellImport

/// `quell calibrate`: finds thresholds.
struct CalibrateCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Find thresholds that make a model skip a fraction of its work.",
    discussion: """
      Runs the model over a text and gives every site the same quantile of its input's magnitudes as threshold, such that the \
      multiply-accumulates skipped, the vocabulary head's apart, are the fraction asked for.
      """)

  static let examples = [
    "quell calibrate -m model.gguf -f text.txt --sparsity 0.63 -o thresholds.json",
    #"quell run -m model.gguf --thresholds thresholds.json -p "Once upon a time""#,
  ]

  @OptionGroup var model: ModelOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The text to calibrate on.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("The fraction of multiply-accumulates to skip, 0 to 1.", valueName: "fraction"))
  var sparsity: Double

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where to write the thresholds: as JSON, or to NAME.gguf as a copy of the model that carries them.", valueName: "file"))
  var output: String

  func validate() throws { try SparsityOptions.check(sparsity) }

  func run() throws {
    let model = try model.open()
    let calibration = try Calibration(model, text: Files.read(file), sparsity: sparsity)
    calibration.noteIfNatural()
    try CalibrationOutput.write(ThresholdFile(calibration, of: model), for: model, self.model.model, to: output)
    try StandardOutput.write(
      "\(output): thresholds of \(model.sites.count) sites for \(Percentage(sparsity)) sparsity "
        + "(\(Percentage(calibration.naturalSparsity)) without), from \(calibration.tokenCount) tokens\n")
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
