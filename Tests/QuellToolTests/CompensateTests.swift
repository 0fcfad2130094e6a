import Foundation
import Testing

/// `quell calibrate` with a model as its output.
@Suite struct CompensateTests {
  @Test func aModelAsOutputIsCompensatedAndMayBeQuantisedNext() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", text, "--target-sparsity", "0.6", "-o", folder.path("sparse.gguf"))
    #expect(result.status == 0)
    #expect(result.output.contains("43 sites at 60.0 % sparsity, weights fitted on 63 tokens"))
    #expect(folder.contents == ["sparse.gguf", "text"])
    #expect(
      try CommandRunner.run("convert", "-m", folder.path("sparse.gguf"), "--weights", "int8", "-o", folder.path("small.gguf")).status == 0)
    for name in ["sparse.gguf", "small.gguf"] {
      let evaluated = try CommandRunner.run("eval", "-m", folder.path(name), "-f", text, "--json")
      let sparsity = try #require(try (evaluated.document["sparsity"] as? [String: Any])?["macs"] as? Double)
      #expect(abs(sparsity - 0.6) < 0.02)
    }
    // Quantised weights are not fitted, and that is said before anything is measured.
    let refused = try CommandRunner.run(
      "calibrate", "-m", folder.path("small.gguf"), "-f", text, "--sparsity", "0.6", "-o", folder.path("other.gguf"))
    #expect(refused.status == 4)
    #expect(refused.errors.contains("compensate the f32 or f16 model"))
  }

  /// Its weights stay as they are, and a threshold says what of them is read.
  @Test func theVocabularyHeadMayTakePart() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", text, "--sparsity", "0.6", "--include-head", "-o", folder.path("sparse.gguf"))
    #expect(result.status == 0 && result.output.contains("at 60.0 % sparsity"))
    let evaluated = try CommandRunner.run("eval", "-m", folder.path("sparse.gguf"), "-f", text, "--json")
    let sparsity = try #require(evaluated.document["sparsity"] as? [String: Any])
    #expect(try #require(sparsity["head"] as? Double) > 0.2)
  }

  @Test func theOptionsOfOtherMethodsAreRefused() throws {
    for options in [["--loss-increase", "1.001"], ["--resume"], []] {
      let result = try CommandRunner.run(
        ["calibrate", "-m", Samples.recurrent.model, "-f", "text", "--method", "compensate", "-o", "x.gguf"] + options)
      #expect(result.status == 2)
    }
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", "text", "--no-centre", "--sparsity", "0.5", "-o", "x.json")
    #expect(result.errors.contains("--no-centre belongs to --method compensate"))
  }
}
