import Foundation
import Testing

@Suite struct SequentialTests {
  private static func command(_ folder: TemporaryFolder, _ more: String...) throws -> [String] {
    let text = try folder.write(String(Samples.text), to: "text")
    return ["calibrate", "-m", Samples.transformer.model, "-f", text, "--method", "sequential", "-o", folder.path("t.json")] + more
  }

  private func document(_ folder: TemporaryFolder, _ name: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(contentsOf: folder.url(name))) as? [String: Any])
  }

  @Test func theFileSaysWhatTheSearchFound() throws {
    let folder = try TemporaryFolder()
    let result = try CommandRunner.run(Self.command(folder, "--loss-increase", "1.01", "--threads", "2"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(try Regex("; loss [0-9.]+ dense, [0-9.]+ sparse, [0-9]+ loss evaluations\n")))
    #expect(folder.contents == ["input", "t.json", "text"] || folder.contents == ["t.json", "text"])
    let document = try document(folder, "t.json")
    #expect(document["method"] as? String == "sequential")
    let sites = try #require(document["sites"] as? [[String: Any]])
    for site in sites where ["self_attn.out_proj", "head"].contains(site["kind"] as? String) { #expect(site["theta"] as? Double == 0) }
    #expect(sites.contains { $0["kind"] as? String == "fc1" && ($0["theta"] as? Double ?? 0) > 0 })
  }

  /// Ctrl-C leaves a checkpoint, from which the search goes on to where it would have come without it.
  @Test func anInterruptedSearchIsGoneOnWith() throws {
    let (whole, folder) = (try TemporaryFolder(), try TemporaryFolder())
    #expect(try CommandRunner.run(Self.command(whole, "--loss-increase", "1.01")).status == 0)
    let command = try Self.command(folder, "--loss-increase", "1.01")
    let running = try CommandRunner.start(command, in: folder)
    while !folder.contents.contains("t.json.checkpoint"), running.process.isRunning { usleep(1000) }
    running.process.interrupt()
    let result = try running.wait()
    #expect(result.status == 130)
    #expect(result.errors.contains("go on with --resume"))
    #expect(folder.contents == ["errors", "input", "output", "t.json.checkpoint", "text"])
    // Another search does not go on from it.
    let other = try CommandRunner.run(Self.command(folder, "--loss-increase", "1.02", "--resume"))
    #expect(other.status == 3)
    #expect(other.errors.contains("is of another search"))
    #expect(try CommandRunner.run(command + ["--resume"]).status == 0)
    #expect(!folder.contents.contains("t.json.checkpoint"))
    #expect(try Data(contentsOf: folder.url("t.json")) == Data(contentsOf: whole.url("t.json")))
  }

  @Test func aCheckpointMustBeOne() throws {
    let folder = try TemporaryFolder()
    let command = try Self.command(folder, "--loss-increase", "1.01", "--resume")
    #expect(try CommandRunner.run(command).errors.contains("cannot read '\(folder.path("t.json.checkpoint"))'"))
    for text in ["", "{}", #"{"format": "quell-search", "version": 2}"#] {
      _ = try folder.write(text, to: "t.json.checkpoint")
      let result = try CommandRunner.run(command)
      #expect(result.status == 3)
      #expect(result.errors.contains("is no checkpoint of a search"))
    }
  }

  @Test func targetsAreReached() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    func run(_ target: String...) throws -> (sparsity: Double, output: String) {
      let result = try CommandRunner.run(
        ["calibrate", "-m", Samples.recurrent.model, "-f", text, "-o", folder.path("t.json")] + target)
      #expect(result.status == 0, "\(result.errors)")
      let document = try document(folder, "t.json")
      #expect(document["method"] as? String == "allocate")
      return (try #require(document["sparsity"] as? Double), result.output)
    }
    #expect(try abs(run("--target-sparsity", "0.6").sparsity - 0.6) < 0.01)
    // All sites but the head's have 6 * 13 * 256 * 256 multiply-accumulates.
    #expect(try abs(run("--target-macs", "2M").sparsity - (1 - 2e6 / 5_111_808)) < 0.01)
    #expect(try run("--target-loss-increase", "5%").sparsity > 0.4)
  }

  @Test(arguments: [
    ["--method", "sequential"], ["--method", "sequential", "--loss-increase", "0.9"],
    ["--method", "sequential", "--loss-increase", "1.01", "--sparsity", "0.5"],
    ["--method", "sequential", "--loss-increase", "1.01", "--max-evaluations", "0"], ["--method", "uniform", "--target-macs", "1M"],
    ["--sparsity", "0.5", "--target-macs", "1M"], ["--sparsity", "0.5", "--resume"], ["--sparsity", "0.5", "--loss-increase", "1.1"],
    ["--target-loss-increase", "much"], ["--target-loss-increase", "0%"], ["--target-macs", "M"], ["--sparsity", "0.5", "--tokens", "0"],
    ["--sparsity", "0.5", "--threads", "0"], ["--method", "magic", "--sparsity", "0.5"],
  ]) func wrongUsage(options: [String]) throws {
    let result = try CommandRunner.run(["calibrate", "-m", "m.gguf", "-f", "t", "-o", "o"] + options)
    #expect(result.status == 2)
    #expect(result.errors.contains("Usage: quell"))
  }
}
