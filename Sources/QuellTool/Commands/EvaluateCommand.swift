import ArgumentParser
import Quell

/// `quell eval`: how well a model predicts a text, or does a task.
struct EvaluateCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure how well a model predicts a text, or does a task.",
    discussion: """
      Documents are separated by the token that ends a text and begin with it; every token after it is predicted once, in windows \
      that each begin with nothing remembered. Every token is thresholded. With a --stride shorter than the windows these overlap, \
      and what two of them predict counts in the first: `--context 512 --stride 256` gives every token, after the first window, \
      at least 256 tokens before it, as llama-perplexity does with `-c 512`.

      With --task the model chooses between the answers of a local file in the task's published JSON lines, without examples, with \
      the prompts and metrics of the LM Evaluation Harness.
      """)

  static let examples = [
    "quell eval -m model.gguf -f text.txt --thresholds thresholds.json --reference dense",
    "quell eval -m model.gguf --task piqa --data valid.jsonl --labels valid-labels.lst",
  ]

  @OptionGroup var model: ModelOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The text to predict.", valueName: "file"))
  var file: String?

  @Option(help: ArgumentHelp("The zero-shot task to do.", valueName: "task"))
  var task: TaskKind?

  @Option(help: ArgumentHelp("The task's documents, one JSON object a line.", valueName: "file"))
  var data: String?

  @Option(help: ArgumentHelp("The task's right answers, one a line, where --data has none.", valueName: "file"))
  var labels: String?

  @OptionGroup var sparsity: SparsityOptions

  @Option(
    help: ArgumentHelp(
      "What to compare with: 'dense', the model with all thresholds at 0, or another model file, dense.", valueName: "model"))
  var reference: String?

  @Option(
    help: ArgumentHelp(
      "Tokens in a window, at most 256 without it; of a --task, those of a question, at most 2048. Never more than the model's context.",
      valueName: "count"))
  var context: Int?

  @Option(help: ArgumentHelp("Tokens from the beginning of a window to that of the next. (default: --context)", valueName: "count"))
  var stride: Int?

  @OptionGroup var threads: ThreadsOption

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func validate() throws {
    guard (file == nil) != (task == nil) else { throw ValidationError("give either a text (-f) or a --task") }
    guard (task == nil) == (data == nil) else { throw ValidationError("--task and --data belong together") }
    if task == nil, labels != nil { throw ValidationError("--labels are a --task's") }
    if task != nil, reference != nil || stride != nil { throw ValidationError("--reference and --stride are for a text (-f)") }
    if let context, context < 1 { throw ValidationError("--context is a number of at least 1") }
    if let stride, stride < 1 { throw ValidationError("--stride is a number of at least 1") }
    if let stride, let context, stride > context { throw ValidationError("--stride is at most --context, or tokens would be left out") }
  }

  func run() throws {
    let model = try model.open()
    if let file { try predict(file, with: model) }
    if let task, let data { try perform(task, data, with: model) }
  }

  private func perform(_ task: TaskKind, _ data: String, with model: Model) throws {
    let evaluation = try TaskEvaluation(
      model, task, data: data, labels: labels, context: context, threads: threads.threads, prepare: thresholding(for: model))
    let report = TaskReport(evaluation)
    if json { try JSONDocument.print(report) } else { try StandardOutput.write(report.text) }
  }

  /// Sets the thresholds that were asked for.
  private func thresholding(for model: Model) throws -> (Session) throws -> Void {
    guard let thresholds = try sparsity.find(for: model) else { return { _ in } }
    return { session in
      for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    }
  }

  private func predict(_ file: String, with model: Model) throws {
    let length = TextWindows.length(asked: context, for: model)
    guard model.contextLength == 0 || length <= model.contextLength else {
      throw CommandFailure(.usage, "--context \(length) is longer than the model's context of \(model.contextLength)")
    }
    guard (stride ?? 1) <= length else { throw CommandFailure(.usage, "--stride is at most the context, which is \(length)") }
    let text = try TextWindows(Files.read(file), tokenizer: model.requireTokenizer(), length: length, stride: stride)
    guard text.predictionCount > 0 else { throw CommandFailure(.failed, "'\(file)' holds no text to predict") }
    let evaluation = try Evaluation(
      model, over: text, threads: threads.threads, reference: openReference(for: model), prepare: thresholding(for: model))
    let report = EvaluationReport(evaluation, text, context: length, stride: stride ?? length)
    if json { try JSONDocument.print(report) } else { try StandardOutput.write(report.text) }
  }

  /// The model to compare with, if any.
  private func openReference(for model: Model) throws -> Model? {
    guard let reference else { return nil }
    if reference == "dense" { return model }
    let other = try naming(reference) { try Model(path: reference) }
    guard other.vocabularySize == model.vocabularySize else {
      throw CommandFailure(
        .malformed, "\(reference): its vocabulary of \(other.vocabularySize) tokens is not the model's, of \(model.vocabularySize)")
    }
    return other
  }
}
