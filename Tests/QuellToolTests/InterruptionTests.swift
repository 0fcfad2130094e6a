import Foundation
import Testing

@Suite struct InterruptionTests {
  private static let endless = ["run", "-m", Samples.recurrent.model, "-p", "Once", "-n", "1000000", "--ignore-eos"]

  @Test func controlCEndsTheTextInGoodOrder() throws {
    let running = try CommandRunner.start(Self.endless, in: TemporaryFolder())
    try running.waitForOutput()
    running.process.interrupt()
    let result = try running.wait()
    #expect(result.status == 130)
    #expect(result.output.hasSuffix("(modelled, not measured)\n"))
    #expect(!result.errors.contains("quell: interrupted"))
  }

  @Test func controlCLeavesNoHalfFiles() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(repeating: String(Samples.text), count: 200), to: "text")
    let output = folder.path("thresholds.json")
    let running = try CommandRunner.start(
      ["calibrate", "-m", Samples.recurrent.model, "-f", text, "--sparsity", "0.5", "-o", output], in: folder)
    usleep(300_000)
    running.process.interrupt()
    let result = try running.wait()
    #expect(result.status == 130)
    #expect(result.output.isEmpty)
    #expect(folder.contents == ["errors", "input", "output", "text"])
  }

  @Test func aReaderThatGoesAwayEndsTheCommandQuietly() throws {
    let folder = try TemporaryFolder()
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    let command = ([CommandRunner.executable.path] + Self.endless).map { "'\($0)'" }.joined(separator: " ")
    shell.arguments = ["-c", "\(command) 2>'\(folder.path("errors"))' | head -c 1 >/dev/null"]
    try shell.run()
    shell.waitUntilExit()
    #expect(try Data(contentsOf: folder.url("errors")).isEmpty)
  }

  @Test func outputThatCannotBeWrittenIsAFailure() throws {
    let folder = try TemporaryFolder()
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = [
      "-c", "'\(CommandRunner.executable.path)' inspect -m '\(Samples.recurrent.model)' >/dev/full 2>'\(folder.path("errors"))'",
    ]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 1)
    let errors = try String(contentsOf: folder.url("errors"), encoding: .utf8)
    #expect(errors == "quell: cannot write to standard output: No space left on device\n")
  }
}
