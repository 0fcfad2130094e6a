import ArgumentParser
import Quell

/// `quell eval`: how well a model predicts a text.
struct EvaluateCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure how well a model predicts a text.",
    discussion: """
      Documents are separated by the token that ends a text and begin with it; every token after it is predicted once, in windows \
      that each begin with nothing remembered.
      """)

  static let examples = [
    "quell eval -m model.gguf -f text.txt",
    "quell eval -m model.gguf -f text.txt --thresholds thresholds.json --json",
  ]

  @OptionGroup var model: ModelOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The text to predict.", valueName: "file"))
  var file: String

  @OptionGroup var sparsity: SparsityOptions

  @OptionGroup var threads: ThreadsOption

  @Option(help: ArgumentHelp("Tokens in a window. (default: 256, or the model's context where that is shorter)", valueName: "count"))
  var window: Int?

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func validate() throws {
    if let window, window < 1 { throw ValidationError("--window is a number of at least 1") }
  }

  func run() throws {
    let model = try model.open()
    let length = TextWindows.length(asked: window, for: model)
    let session = try Session(model, contextLength: length, threads: threads.threads)
    let text = try TextWindows(Files.read(file), tokenizer: model.requireTokenizer(), length: length)
    guard text.predictionCount > 0 else { throw CommandFailure(.failed, "'\(file)' holds no text to predict") }
    try sparsity.apply(to: session)
    let evaluation = try Evaluation(session, over: text)
    if json {
      try JSONDocument.print(EvaluationReport(evaluation, text, window: length))
    } else {
      try StandardOutput.write(
        """
        loss           \(Figures.fixed(evaluation.loss, 4)) nats per token
        perplexity     \(Figures.fixed(evaluation.perplexity, 2))
        bits per byte  \(Figures.fixed(evaluation.bitsPerByte, 4))
        tokens         \(evaluation.tokens); documents \(text.documentCount), windows of \(length)
        \(Price(evaluation.counts).line)

        """)
    }
  }
}

/// The JSON document of `quell eval`.
struct EvaluationReport: Encodable {
  /// The fraction that was skipped.
  struct Sparsity: Encodable {
    /// Of multiply-accumulates, without the vocabulary head's.
    let macs: Double
  }

  let tokens: Int
  let documents: Int
  let bytes: Int
  let window: Int
  let loss: Double
  let perplexity: Double
  let bitsPerByte: Double
  let sparsity: Sparsity
  let effectiveMacs: Double
  let denseMacs: Double

  init(_ evaluation: Evaluation, _ text: TextWindows, window: Int) {
    tokens = evaluation.tokens
    documents = text.documentCount
    bytes = text.byteCount
    self.window = window
    loss = evaluation.loss
    perplexity = evaluation.perplexity
    bitsPerByte = evaluation.bitsPerByte
    sparsity = Sparsity(macs: evaluation.counts.activationSparsity)
    let price = Price(evaluation.counts)
    effectiveMacs = price.effectiveMACs
    denseMacs = price.denseMACs
  }
}
