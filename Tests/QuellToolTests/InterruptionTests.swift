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

  /// An import of eight gibibytes of zeros, which take up no room on the disk; only the beginning is ever read.
  private func longImport(_ folder: TemporaryFolder) throws -> [String] {
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/long_import.onnx")
    try FileManager.default.copyItem(at: fixture, to: folder.url("model.onnx"))
    #expect(FileManager.default.createFile(atPath: folder.path("weights.bin"), contents: nil))
    try #require(truncate(folder.path("weights.bin"), 8 << 30) == 0)
    return ["import", folder.path("model.onnx"), "--weights", "int8", "-o", folder.path("model.gguf")]
  }

  private static let sources = ["errors", "input", "model.onnx", "output", "weights.bin"]

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func anInterruptedImportLeavesNothingBehind(_ signal: Int32, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    let running = try CommandRunner.start(try longImport(folder), in: folder)
    // The file under its temporary name is there: the import is at work on it.
    while folder.contents == Self.sources, running.process.isRunning { usleep(1000) }
    #expect(running.process.isRunning)
    kill(running.process.processIdentifier, signal)
    #expect(try running.wait().status == status)
    #expect(folder.contents == Self.sources)
  }

  @Test func progressShowsOnATerminalWithItsRate() throws {
    let folder = try TemporaryFolder()
    // A terminal of our own: what is written to its other end is read here.
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    var (isLocked, number) = (Int32(0), Int32(0))
    let isOpen = terminal >= 0 && ioctl(terminal, unlock, &isLocked) == 0 && ioctl(terminal, getNumber, &number) == 0
    try #require(isOpen)
    defer { close(terminal) }
    let process = Process()
    process.executableURL = CommandRunner.executable
    process.arguments = try longImport(folder)
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/pts/\(number)"))
    try process.run()
    var shown = ""
    var piece = [UInt8](repeating: 0, count: 4096)
    while !shown.contains(" s left"), process.isRunning {
      var event = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
      guard poll(&event, 1, 100) > 0 else { continue }
      let count = read(terminal, &piece, piece.count)
      if count > 0 { shown += String(decoding: piece[..<count], as: UTF8.self) }
    }
    process.terminate()
    process.waitUntilExit()
    #expect(shown.contains(try Regex("\\rimporting \\[#*-*\\] [0-9]+ %, [0-9]+ MB/s, [0-9]+ s left")))
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
