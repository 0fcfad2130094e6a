import Foundation
import Testing

/// The shipped models, imported once by the command itself, and texts to work with.
enum Samples {
  static let recurrent = Sample("rwkv4-tiny")
  static let transformer = Sample("opt-tiny")

  /// The first 63 tokens of the evaluation tale: with the token that begins a text, those of the reference logits.
  static let text = try! String(contentsOf: CommandRunner.package.appendingPathComponent("Examples/Texts/evaluation.txt"), encoding: .utf8)
    .prefix(157)

  /// Three documents.
  static let documents = "The king said: \"Who are you?\"<|endoftext|>\nOnce there was a miller.<|endoftext|>"
}

/// One of the shipped models.
struct Sample: Sendable, CustomTestStringConvertible {
  struct Greedy: Decodable {
    let prompt: String
    let tokens: [UInt32]
    let text: String
  }

  /// Beside the built command, where the next run of the tests finds and replaces it.
  private static let folder: URL = {
    let folder = CommandRunner.executable.deletingLastPathComponent().appendingPathComponent("samples")
    try! FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }()

  let name: String
  let source: String
  /// The path of the imported model.
  let model: String

  init(_ name: String) {
    self.name = name
    source = Sample.examples(name).appendingPathComponent("model.onnx").path
    model = Sample.folder.appendingPathComponent("\(name).gguf").path
    let result = try! CommandRunner.run("import", source, "-o", model)
    precondition(result.status == 0, result.errors)
  }

  /// Thresholds for 60 % sparsity, calibrated on ``Samples/text``, and what the command said while it made them.
  static let calibrated: (path: String, result: CommandRunner.Result) = {
    let (text, path) = (folder.appendingPathComponent("text.txt"), folder.appendingPathComponent("thresholds.json").path)
    try! Data(Samples.text.utf8).write(to: text)
    return (
      path,
      try! CommandRunner.run(
        "calibrate", "-m", Samples.recurrent.model, "-f", text.path, "--method", "uniform", "--sparsity", "0.6", "-o", path)
    )
  }()

  /// The greedy continuation that transformers gives.
  var greedy: Greedy {
    get throws { try JSONDecoder().decode(Greedy.self, from: Data(contentsOf: Sample.examples(name, "reference/greedy.json"))) }
  }

  /// The logits that ONNX Runtime gives after each token of the reference.
  var referenceLogits: [Float] {
    get throws {
      let data = try Data(contentsOf: Sample.examples(name, "reference/logits.f32"))
      return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
  }

  /// The tokens of the reference.
  var referenceTokens: [UInt32] {
    get throws {
      let data = try Data(contentsOf: Sample.examples(name, "reference/tokens.u32"))
      return data.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
    }
  }

  var testDescription: String { name }

  private static func examples(_ name: String, _ file: String = "") -> URL {
    CommandRunner.package.appendingPathComponent("Examples/Models/\(name)/\(file)")
  }
}

extension CommandRunner.Result {
  /// The JSON document on standard output.
  var document: [String: Any] {
    get throws { try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]) }
  }
}
