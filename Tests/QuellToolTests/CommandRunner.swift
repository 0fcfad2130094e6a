import Foundation

/// The built command, run as a user runs it.
struct CommandRunner {
  /// What a run left behind.
  struct Result {
    let status: Int32
    let output: String
    let errors: String

    /// The last line on standard output.
    var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }
  }

  /// The folder of the package.
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The command lies beside the test program that the same build made.
  static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("quell")

  /// Runs the command to its end.
  static func run(_ arguments: String..., input: Data = Data()) throws -> Result { try run(arguments, input: input) }

  /// Runs the command to its end.
  static func run(_ arguments: [String], input: Data = Data()) throws -> Result {
    let folder = try TemporaryFolder()
    try input.write(to: folder.url("input"))
    return try start(arguments, in: folder).wait()
  }

  /// A command that runs.
  struct Running {
    let process: Process
    let folder: TemporaryFolder

    /// Waits for its end.
    func wait() throws -> Result {
      process.waitUntilExit()
      let output = try Data(contentsOf: folder.url("output"))
      let errors = try Data(contentsOf: folder.url("errors"))
      // A process that a signal ended has the status that a shell gives it.
      let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
      return Result(status: status, output: String(decoding: output, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self))
    }

    /// Waits until standard output has some text.
    func waitForOutput() throws {
      while try Data(contentsOf: folder.url("output")).isEmpty, process.isRunning { usleep(10_000) }
    }
  }

  /// Starts the command; what it says goes to files of the folder.
  static func start(_ arguments: [String], in folder: TemporaryFolder) throws -> Running {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    for name in ["input", "output", "errors"] where !FileManager.default.fileExists(atPath: folder.path(name)) {
      try Data().write(to: folder.url(name))
    }
    process.standardInput = try FileHandle(forReadingFrom: folder.url("input"))
    process.standardOutput = try FileHandle(forWritingTo: folder.url("output"))
    process.standardError = try FileHandle(forWritingTo: folder.url("errors"))
    try process.run()
    return Running(process: process, folder: folder)
  }
}

/// A folder of its own for a test, removed with it.
final class TemporaryFolder: Sendable {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("quell-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A file in the folder.
  func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { url(name).path }

  /// Writes a file, and returns its path.
  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: url(name))
    return path(name)
  }

  /// Writes a file, and returns its path.
  func write(_ data: Data, to name: String) throws -> String {
    try data.write(to: url(name))
    return path(name)
  }

  /// The names of the files in it.
  var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? [] }
}
