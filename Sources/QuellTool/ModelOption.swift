import ArgumentParser
import Quell

/// The model that a subcommand works with.
struct ModelOption: ParsableArguments {
  @Option(name: [.short, .customLong("model")], help: ArgumentHelp("The model, made by `quell import`.", valueName: "file"))
  var model: String

  /// Maps the model's file.
  func open() throws -> Model { try naming(model) { try Model(path: model) } }
}
