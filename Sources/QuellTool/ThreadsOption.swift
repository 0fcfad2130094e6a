import ArgumentParser

/// How many threads work on a step.
struct ThreadsOption: ParsableArguments {
  /// How many tokens of a prompt are taken at a time.
  static let batch = 64

  @Option(name: .shortAndLong, help: ArgumentHelp("How many threads work on a step; the number changes no result.", valueName: "count"))
  var threads = 1

  func validate() throws {
    guard (1...256).contains(threads) else { throw ValidationError("--threads is a number from 1 to 256") }
  }
}
