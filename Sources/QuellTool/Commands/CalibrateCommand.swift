import ArgumentParser
import Quell

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

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the thresholds, as JSON.", valueName: "file"))
  var output: String

  func validate() throws { try SparsityOptions.check(sparsity) }

  func run() throws {
    let model = try model.open()
    let calibration = try Calibration(model, text: Files.read(file), sparsity: sparsity)
    calibration.noteIfNatural()
    try Files.write(JSONDocument.encode(ThresholdFile(calibration, of: model)), to: output)
    try StandardOutput.write(
      "\(output): thresholds of \(model.sites.count) sites for \(Percentage(sparsity)) sparsity "
        + "(\(Percentage(calibration.naturalSparsity)) without), from \(calibration.tokenCount) tokens\n")
  }
}
