import Foundation
import Testing

@Suite struct SweepTests {
  private static func command(_ folder: TemporaryFolder, _ options: String...) throws -> [String] {
    let text = try folder.write(String(Samples.text), to: "text")
    let other = try folder.write("The king said that there was once a miller who had three sons.", to: "other")
    return ["sweep", "-m", Samples.transformer.model, "-f", text, "--evaluation", other] + options
  }

  private func document(_ folder: TemporaryFolder, _ name: String = "curves.json") throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(contentsOf: folder.url(name))) as? [String: Any])
  }

  private func points(_ document: [String: Any]) throws -> [[String: Any]] { try #require(document["points"] as? [[String: Any]]) }

  /// Every point is what `calibrate` and `eval` give.
  @Test func pointsAreWhatTheOtherCommandsGive() throws {
    let folder = try TemporaryFolder()
    let command = try Self.command(
      folder, "--methods", "uniform,allocate,compensate,sequential", "--sparsity", "0.6", "--loss-increase", "1.01", "-o",
      folder.path("curves"))
    let result = try CommandRunner.run(command)
    #expect(result.status == 0, "\(result.errors)")
    #expect(folder.contents == ["curves-sites.svg", "curves.csv", "curves.json", "curves.svg", "other", "text"])
    let document = try document(folder)
    func evaluate(_ options: String...) throws -> (loss: Double, sparsity: Double) {
      let evaluated = try CommandRunner.run(["eval", "-f", folder.path("other"), "--json"] + options).document
      return (
        try #require(evaluated["loss"] as? Double), try #require((evaluated["sparsity"] as? [String: Any])?["macs"] as? Double)
      )
    }
    let dense = try evaluate("-m", Samples.transformer.model)
    let natural = try #require(document["dense"] as? [String: Any])
    #expect(natural["loss"] as? Double == dense.loss && natural["sparsity"] as? Double == dense.sparsity)
    let points = try points(document)
    #expect(points.map { $0["method"] as? String } == ["uniform", "allocate", "compensate", "sequential"])
    for point in points {
      let method = try #require(point["method"] as? String)
      let output = folder.path(method == "compensate" ? "model.gguf" : "thresholds.json")
      let target = method == "sequential" ? ["--loss-increase", "1.01"] : ["--sparsity", "0.6"]
      let calibrated = try CommandRunner.run(
        ["calibrate", "-m", Samples.transformer.model, "-f", folder.path("text"), "--method", method, "-o", output] + target)
      #expect(calibrated.status == 0)
      let alone =
        try method == "compensate" ? evaluate("-m", output) : evaluate("-m", Samples.transformer.model, "--thresholds", output)
      #expect(point["loss"] as? Double == alone.loss && point["sparsity"] as? Double == alone.sparsity, "\(method)")
      #expect(try abs(#require(point["loss_increase"] as? Double) - (alone.loss - dense.loss)) < 1e-9)
      #expect(result.output.contains("\n\(method) "))
    }
    // The sheet has the same numbers, the figures a line or a map for each method.
    let lines = try String(contentsOf: folder.url("curves.csv"), encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 6 && Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }) == [7 + 25])
    #expect(try lines[2].hasPrefix("uniform,0.6,\(#require(points[0]["sparsity"] as? Double)),"))
    for name in ["curves.svg", "curves-sites.svg"] {
      let figure = try String(contentsOf: folder.url(name), encoding: .utf8)
      #expect(figure.hasPrefix("<svg ") && figure.hasSuffix("</svg>\n"))
      for words in ["natural zeros", "uniform", "allocate", "compensate", "sequential"] { #expect(figure.contains(words)) }
    }
  }

  @Test func weightsAreConvertedForAllMethods() throws {
    let folder = try TemporaryFolder()
    let result = try CommandRunner.run(
      Self.command(folder, "--methods", "uniform,compensate", "--sparsity", "0.5", "--weights", "int8", "--json"))
    #expect(result.status == 0, "\(result.errors)")
    let int8 = try CommandRunner.run("convert", "-m", Samples.transformer.model, "--weights", "int8", "-o", folder.path("int8.gguf"))
    #expect(int8.status == 0)
    let dense = try CommandRunner.run("eval", "-m", folder.path("int8.gguf"), "-f", folder.path("other"), "--json").document["loss"]
    let document = try result.document
    #expect((document["dense"] as? [String: Any])?["loss"] as? Double == dense as? Double)
    #expect((document["subject"] as? [String: Any])?["weights"] as? String == "int8")
    #expect(try points(document).count == 2)
    #expect(folder.contents == ["int8.gguf", "other", "text"])
  }

  @Test func aRangeOfSparsitiesIsSteppedThrough() throws {
    let folder = try TemporaryFolder()
    let result = try CommandRunner.run(
      Self.command(folder, "--methods", "uniform", "--sparsity", "0.4:0.8:0.1", "--evaluation-tokens", "8", "--json"))
    #expect(try points(result.document).map { $0["target"] as? Double } == [0.4, 0.5, 0.6, 0.7, 0.8])
    let increases = try points(result.document).compactMap { $0["sparsity"] as? Double }
    #expect(zip(increases, increases.dropFirst()).allSatisfy { $0 < $1 })
  }

  /// Ctrl-C leaves what has been measured, and `--resume` measures the rest.
  @Test func anInterruptedSweepIsGoneOnWith() throws {
    let folder = try TemporaryFolder()
    let command = try Self.command(folder, "--methods", "uniform,allocate,compensate", "--sparsity", "0.5,0.6", "-o", folder.path("curves"))
    let running = try CommandRunner.start(command, in: folder)
    while !folder.contents.contains("curves.checkpoint"), running.process.isRunning { usleep(1000) }
    running.process.interrupt()
    let result = try running.wait()
    #expect(result.status == 130)
    #expect(result.errors.contains("go on with --resume"))
    #expect(folder.contents == ["curves.checkpoint", "errors", "input", "other", "output", "text"])
    let before = try points(document(folder, "curves.checkpoint"))
    #expect((1..<6).contains(before.count))
    let other = try CommandRunner.run(command + ["--context", "16", "--resume"])
    #expect(other.status == 3 && other.errors.contains("is of another sweep"))
    let resumed = try CommandRunner.run(command + ["--resume"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    let after = try points(document(folder))
    // Without a checkpoint there is nothing to go on with.
    #expect(try CommandRunner.run(command + ["--resume"]).errors.contains("cannot read '\(folder.path("curves.checkpoint"))'"))
    #expect(after.count == 6 && !folder.contents.contains("curves.checkpoint"))
    for (early, late) in zip(before, after) { #expect(NSDictionary(dictionary: early) == NSDictionary(dictionary: late)) }
    // In the order that was asked for, all of them are told of.
    #expect(resumed.output.split(separator: "\n").count == 7)
  }

  @Test(arguments: [
    (["--methods", "uniform,best"], "--methods"), (["--methods", "uniform,uniform"], "--methods"),
    (["--sparsity", "0.8:0.4:0.1"], "--sparsity"),
    (["--sparsity", "0.4:0.8:0"], "--sparsity"), (["--sparsity", "0.5,1.2"], "fraction"), (["--loss-increase", "0.9"], "at least 1"),
    (["--threads", "0"], "--threads"), (["--tokens", "0"], "--tokens"), (["--resume"], "--resume"), ([], "give an output"),
  ]) func whatCannotBeMeantIsRefused(_ options: [String], _ words: String) throws {
    let form = options.isEmpty ? [] : ["--json"]
    let result = try CommandRunner.run(
      ["sweep", "-m", Samples.transformer.model, "-f", "text", "--evaluation", "text"] + options + form)
    #expect(result.status == 2)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func quantisedModelsAreRefusedBeforeAnythingIsMeasured() throws {
    let folder = try TemporaryFolder()
    _ = try CommandRunner.run("convert", "-m", Samples.transformer.model, "--weights", "int8", "-o", folder.path("int8.gguf"))
    var command = try Self.command(folder, "--json")
    command[2] = folder.path("int8.gguf")
    let result = try CommandRunner.run(command)
    #expect(result.status == 4 && result.errors.contains("compensate the f32 or f16 model"))
    #expect(result.output.isEmpty)
  }
}
