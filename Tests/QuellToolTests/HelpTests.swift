import Foundation
import Testing

@Suite struct HelpTests {
  @Test func theCommandNamesItsVersionAndItsSubcommands() throws {
    let version = try CommandRunner.run("--version")
    #expect(version.status == 0)
    #expect(version.output.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+ .*for .+, by Swift.*\n/) != nil)
    let help = try CommandRunner.run("--help")
    #expect(help.status == 0)
    for name in ["import", "run", "calibrate", "eval", "inspect"] { #expect(help.output.contains("\n  \(name) ")) }
  }

  /// The examples at the end of a help text are run as they stand, in a folder with the files that they name.
  @Test(arguments: ["import", "run", "calibrate", "eval", "inspect", "sweep"]) func helpEndsWithExamplesThatRun(name: String) throws {
    let help = try CommandRunner.run(name, "--help")
    #expect(help.status == 0)
    #expect(try CommandRunner.run("help", name).output == help.output)
    let examples = try #require(help.output.components(separatedBy: "\nEXAMPLES:\n").last).split(separator: "\n")
    #expect((2...3).contains(examples.count))
    let folder = try TemporaryFolder()
    let files = FileManager.default
    let source = URL(fileURLWithPath: Samples.recurrent.source)
    try files.copyItem(at: source, to: folder.url("model.onnx"))
    try files.copyItem(at: source.deletingLastPathComponent().appendingPathComponent("tokenizer.json"), to: folder.url("tokenizer.json"))
    try files.copyItem(atPath: Samples.recurrent.model, toPath: folder.path("model.gguf"))
    try files.copyItem(atPath: Sample.calibrated.path, toPath: folder.path("thresholds.json"))
    _ = try folder.write("Once upon a time", to: "text.txt")
    try files.copyItem(atPath: TaskSamples.file("piqa.jsonl"), toPath: folder.path("valid.jsonl"))
    try files.copyItem(atPath: TaskSamples.file("piqa-labels.lst"), toPath: folder.path("valid-labels.lst"))
    for example in examples {
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/sh")
      // A few tokens are enough to see it run.
      shell.arguments = ["-ec", example.replacingOccurrences(of: "-n 64", with: "-n 2")]
      shell.currentDirectoryURL = URL(fileURLWithPath: folder.path(""))
      let programs = CommandRunner.executable.deletingLastPathComponent().path
      shell.environment = ["PATH": "\(programs):/usr/bin:/bin"].merging(ProcessInfo.processInfo.environment) { mine, _ in mine }
      shell.standardOutput = FileHandle.nullDevice
      shell.standardError = FileHandle.nullDevice
      try shell.run()
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 0, "\(example)")
    }
  }
}
