import ArgumentParser
import Quell

/// `quell inspect`: what is in a model file.
struct InspectCommand: ExampleCommand {
  static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Show what a model file holds.")

  static let examples = [
    "quell inspect -m model.gguf",
    "quell inspect -m model.gguf --program",
  ]

  @OptionGroup var model: ModelOption

  @Flag(help: "List the operations of one step, too.")
  var program = false

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func run() throws {
    let model = try model.open()
    let description = ModelReport(model, includingProgram: program)
    if json { try JSONDocument.print(description) } else { try StandardOutput.write(description.text) }
  }
}
