import ArgumentParser
import Foundation
import Quell

/// The `quell` command: the library's abilities by name, one subcommand each.
@main
struct QuellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quell",
    abstract: "Run language models whose activations are mostly quiet.",
    version: String(cString: quell_build_information()),
    subcommands: [
      ImportCommand.self, RunCommand.self, CalibrateCommand.self, EvaluateCommand.self, ExportCommand.self, InspectCommand.self,
      ConvertCommand.self, BenchCommand.self, CostCommand.self, SweepCommand.self,
    ])

  static func main() {
    Interruption.install()
    ShortenedFile.install()
    // A file that grows beyond what the process may write is one that cannot be written, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      Outcome(of: error).exit()
    }
  }
}
