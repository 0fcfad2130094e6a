import ArgumentParser
import Foundation
import Quell
import QuellImport

/// `quell import`: makes a model from an ONNX export.
struct ImportCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model file from an ONNX export of one decoding step.",
    discussion: """
      A tokenizer.json beside the ONNX file is taken along where no other is named.
      """)

  static let examples = [
    "quell import model.onnx -o model.gguf",
    "quell import model.onnx --tokenizer tokenizer.json --weights f16 -o model.gguf",
  ]

  @Argument(help: ArgumentHelp("The ONNX file.", valueName: "model.onnx"))
  var source: String

  @Option(help: ArgumentHelp("The model's tokenizer.json.", valueName: "file"))
  var tokenizer: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the model.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("How weights are stored: as the source has them, or as f32 or f16.", valueName: "type"))
  var weights = WeightOption.source

  @Option(help: ArgumentHelp("A name for people.", valueName: "text"))
  var name: String?

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func run() throws {
    throw CommandFailure(.unsupported, "not there")
  }
}

/// The weight types by their names on the command line.
enum WeightOption: String, ExpressibleByArgument, CaseIterable {
  case source, f32, f16
}
