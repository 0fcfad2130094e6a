import ArgumentParser
import Foundation
import Quell
import QuellImport

/// `quell sweep`: how the loss rises with the sparsity, by several methods.
struct SweepCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Measure how the loss rises with the sparsity, by several methods.",
    discussion: """
      Makes the model sparse by every method to every sparsity, on one text, and evaluates it on another one. Writes NAME.json, NAME.csv, \
      and two figures: NAME.svg, the increase of the loss over the sparsity, and NAME-sites.svg, how sparse each site of each block is. \
      The method 'sequential' has no sparsity to aim at: it searches once for each --loss-increase. Ctrl-C leaves what has been measured \
      in NAME.checkpoint, from which --resume goes on.
      """)

  static let examples = [
    "quell sweep -m model.gguf -f text.txt --evaluation text.txt --sparsity 0.5,0.7 -o curves",
    "quell sweep -m model.gguf -f text.txt --evaluation text.txt --methods uniform --sparsity 0.4:0.8:0.1 --json",
  ]

  @OptionGroup var model: ModelOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The text to calibrate on.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("The text to evaluate on.", valueName: "file"))
  var evaluation: String

  @Option(help: ArgumentHelp("How the model is made sparse, as 'quell calibrate' does it.", valueName: "method,..."))
  var methods = MethodList([.uniform, .allocate, .compensate])

  @Option(
    help: ArgumentHelp(
      "The sparsities to aim at: fractions with commas between them, or first:last:step.", valueName: "fractions"))
  var sparsity = FractionRange("0.4:0.8:0.1")

  @Option(
    help: ArgumentHelp("sequential: what the threshold of a site may multiply the loss by, each for a search.", valueName: "factor,..."))
  var lossIncrease = NumberList([1.0002, 1.0005, 1.002])

  @Option(help: ArgumentHelp("How weights are stored when they are evaluated.", valueName: "type"))
  var weights = WeightOption.source

  @Option(help: ArgumentHelp("The sparsity that the figure of the sites shows.", valueName: "fraction"))
  var sitesAt = 0.63

  @Option(help: ArgumentHelp("How many tokens of the text to calibrate on at most, in windows spread over it.", valueName: "count"))
  var tokens = 32768

  @Option(help: ArgumentHelp("How many tokens to evaluate on at most, in windows spread over the text.", valueName: "count"))
  var evaluationTokens: Int?

  @Option(help: ArgumentHelp("Tokens in a window of the evaluation. (default: 256, or the model's context)", valueName: "count"))
  var context: Int?

  @Option(name: .shortAndLong, help: ArgumentHelp("How many windows are worked on at a time; changes no result.", valueName: "count"))
  var threads = 1

  @Flag(help: "Go on from where Ctrl-C ended the same sweep.")
  var resume = false

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write what is measured.", valueName: "name"))
  var output: String?

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func validate() throws {
    guard json || output != nil else { throw ValidationError("give an output (-o), or --json") }
    if resume, output == nil { throw ValidationError("--resume goes on with an output (-o)") }
    guard (1...256).contains(threads) else { throw ValidationError("--threads is a number from 1 to 256") }
    guard tokens >= 1, (evaluationTokens ?? 1) >= 1 else { throw ValidationError("--tokens and --evaluation-tokens are at least 1") }
    if let context, context < 1 { throw ValidationError("--context is a number of at least 1") }
    for fraction in sparsity.fractions + [sitesAt] { try SparsityOptions.check(fraction) }
    guard lossIncrease.numbers.allSatisfy({ $0 >= 1 && $0.isFinite }) else {
      throw ValidationError("--loss-increase are factors of at least 1 such as 1.0005")
    }
  }

  func run() throws {
    let model = try model.open()
    if methods.methods.contains(.compensate) { try naming(self.model.model) { try requireFittable(model, self.model.model) } }
    let sweep = try Sweep(model, settings(for: model))
    let checkpoint = output.map { Checkpoint<SweepDocument>(for: $0) }
    if resume, let checkpoint {
      guard try sweep.resume(checkpoint.read()) else {
        throw CommandFailure(.malformed, "'\(checkpoint.path)' is of another sweep: another model, other texts or numbers of tokens")
      }
    }
    do {
      try measure(with: sweep) { try checkpoint?.write(sweep.document) }
    } catch {
      if let checkpoint, !sweep.document.points.isEmpty {
        StandardError.note("what has been measured is in '\(checkpoint.path)': go on with --resume")
      }
      throw error
    }
    if json { try JSONDocument.print(sweep.document) }
    guard let output else { return }
    try Files.write(JSONDocument.encode(sweep.document), to: output + ".json")
    try Files.write(Data(SweepSheet.text(sweep.document).utf8), to: output + ".csv")
    try Files.write(Data(SweepFigures.curves(sweep.document).utf8), to: output + ".svg")
    try Files.write(Data(SweepFigures.sites(sweep.document, at: sitesAt).utf8), to: output + "-sites.svg")
    checkpoint?.remove()
  }

  private func settings(for model: Model) throws -> Sweep.Settings {
    let length = TextWindows.length(asked: context, for: model)
    guard model.contextLength == 0 || length <= model.contextLength else {
      throw CommandFailure(.usage, "--context \(length) is longer than the model's context of \(model.contextLength)")
    }
    var text = try TextWindows(Files.read(evaluation), tokenizer: model.requireTokenizer(), length: length)
    guard text.predictionCount > 0 else { throw CommandFailure(.failed, "'\(evaluation)' holds no text to predict") }
    if let evaluationTokens { text.spread(tokens: evaluationTokens) }
    return Sweep.Settings(
      path: self.model.model, output: output ?? FileManager.default.temporaryDirectory.appendingPathComponent("quell-sweep").path,
      windows: try Calibration.windows(model, Files.read(file), tokens: tokens), text: text, context: length, weights: weights,
      threads: threads)
  }

  /// Measures what is missing, and tells of each point as it comes.
  private func measure(with sweep: Sweep, _ measured: () throws -> Void) throws {
    if !json {
      let dense = sweep.document.dense
      try StandardOutput.write(
        "dense: loss \(Figures.fixed(dense.loss, 4)) ± \(Figures.fixed(dense.lossStandardError, 4)), \(Percentage(dense.sparsity)) sparse by itself\n"
      )
    }
    for method in methods.methods {
      for target in method == .sequential ? lossIncrease.numbers : sparsity.fractions {
        if sweep.document.point(method, target) == nil {
          try naming(model.model, output) { try sweep.measure(method, target) }
          try measured()
        }
        guard !json, let point = sweep.document.point(method, target) else { continue }
        try StandardOutput.write(point.line + "\n")
      }
    }
  }
}
