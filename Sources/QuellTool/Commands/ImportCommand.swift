import ArgumentParser
import Foundation
import Quell
import QuellImport

/// `quell import`: makes a model from an ONNX export.
struct ImportCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model file from an ONNX export of a decoder.",
    discussion: """
      The graph takes one token, with a recurrent state or with past keys and values, or a whole sequence. A \
      tokenizer.json that lies beside it goes into the model file unless another is named.
      """)

  static let examples = [
    "quell import model.onnx -o model.gguf",
    "quell import model.onnx --tokenizer tokenizer.json --weights int8 --explain -o model.gguf",
  ]

  @Argument(help: ArgumentHelp("The ONNX file.", valueName: "model.onnx"))
  var source: String

  @Option(help: ArgumentHelp("The tokenizer.json of the model.", valueName: "file"))
  var tokenizer: String?

  @Flag(help: "Leave out the tokenizer.json beside the ONNX file.")
  var noTokenizer = false

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the model.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "How matrices and tables are stored: source, f32, f16, bf16, int8 or int4. source: floats as they are; quantised weights kept "
        + "where 8-bit integers hold them exactly, else as f16.",
      valueName: "type"))
  var weights = WeightOption.source

  @Option(help: ArgumentHelp("The model's name for people. (default: the name of the ONNX file)", valueName: "text"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Hold the model's logits against those of another program: a NumPy archive with the arrays tokens and logits.",
      valueName: "file.npz"))
  var verifyWith: String?

  @Flag(help: "Tell what was found in the graph, and what became of it.")
  var explain = false

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func validate() throws {
    if explain, json { throw ValidationError("--explain and --json exclude each other; the document names the sites too") }
    if noTokenizer, tokenizer != nil { throw ValidationError("--tokenizer and --no-tokenizer exclude each other") }
  }

  func run() throws {
    let reference = try verifyWith.map { path in try naming(path) { try ReferenceLogits(archive: path) } }
    let tokenizer = chooseTokenizer()
    var progress = Progress("importing", in: .bytes)
    let found = try naming(source, tokenizer, output) {
      defer { progress.finish() }
      let options = ImportOptions(weights: weights.type, name: name, tokenizer: tokenizer, reference: reference) { done, total in
        progress.update(done, of: total)
        return !Interruption.isRequested
      }
      return try importONNX(from: source, to: output, options: options)
    }
    if found.quantizations > 0 {
      StandardError.note("\(found.quantizations) quantisations of activations are left out: the model computes in floating point")
    }
    var report = try naming(output) { ModelReport(try Model(path: output), includingProgram: false) }
    report.verification = found.agreement.map(ModelReport.Verification.init)
    if json { return try JSONDocument.print(report) }
    if explain { try StandardOutput.write(ImportExplanation(found).text) }
    try StandardOutput.write("\(output): \(report.summary)\n")
    if let verification = report.verification { try StandardOutput.write("\(output): \(verification.summary)\n") }
  }

  private func chooseTokenizer() -> String? {
    if noTokenizer || tokenizer != nil { return tokenizer }
    let neighbour = URL(fileURLWithPath: source).deletingLastPathComponent().appendingPathComponent("tokenizer.json").relativePath
    guard FileManager.default.fileExists(atPath: neighbour) else {
      StandardError.note("no tokenizer.json beside \(source): the model will take tokens but no text")
      return nil
    }
    StandardError.note("using the tokenizer beside the model, \(neighbour)")
    return neighbour
  }
}

/// The weight types by their names on the command line.
enum WeightOption: String, ExpressibleByArgument, CaseIterable {
  case source, f32, f16, bf16, int8, int4

  /// The importer's name.
  var type: WeightType {
    switch self {
    case .source: .source
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .int8: .int8
    case .int4: .int4
    }
  }
}
