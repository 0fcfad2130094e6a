import ArgumentParser

/// A subcommand whose help ends with commands to try.
protocol ExampleCommand: ParsableCommand {
  /// Lines for a shell, in a folder with a `model.onnx` or the `model.gguf` made from it.
  static var examples: [String] { get }
}

/// The examples at the end of a help text.
enum HelpExamples {
  /// The help with the examples of the subcommand that it describes.
  static func appended(to help: String) -> String {
    let commands = QuellCommand.configuration.subcommands.compactMap { $0 as? any ExampleCommand.Type }
    for command in commands where help.contains("USAGE: quell \(command.configuration.commandName ?? "") ") {
      return help + "\nEXAMPLES:\n" + command.examples.map { "  \($0)" }.joined(separator: "\n")
    }
    return help
  }
}
