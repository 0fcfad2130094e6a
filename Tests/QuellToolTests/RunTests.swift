import Foundation
import Testing

@Suite struct RunTests {
  @Test(arguments: [Samples.recurrent, Samples.transformer]) func greedyTextIsThatOfTransformers(sample: Sample) throws {
    let greedy = try sample.greedy
    let result = try CommandRunner.run("run", "-m", sample.model, "-p", greedy.prompt, "-n", "64", "--temp", "0", "--json")
    #expect(result.status == 0)
    #expect(try result.document["text"] as? String == greedy.text)
    #expect(try result.document["token_ids"] as? [UInt32] == greedy.tokens)
  }

  @Test func textComesFirstAndThePriceLast() throws {
    let greedy = try Samples.recurrent.greedy
    let result = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", greedy.prompt, "-n", "8")
    #expect(result.status == 0)
    let text = result.output.dropLast(result.lastLine.utf8.count + 2)
    #expect(greedy.text.hasPrefix(text) && text.count > greedy.prompt.count)
    // 5 tokens of prompt and the first 7 of 8 generated; the MACs are those of 6 blocks of 13 * 256 * 256, and 256 * 2048 of the head.
    #expect(result.lastLine.hasPrefix("activation sparsity 2"))
    #expect(result.lastLine.contains("of 5.11 M MACs per token, head 524 k of 524 k"))
    #expect(result.lastLine.hasSuffix("per token (modelled, not measured)"))
    #expect(result.errors.contains("5 tokens of prompt"))
  }

  @Test func theDocumentPricesWhatWasCounted() throws {
    let result = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "Once", "-n", "3", "--json")
    let document = try result.document
    func number(_ key: String) throws -> Double { try #require(document[key] as? Double, "\(key)") }
    #expect(try number("dense_macs") == 6 * 13 * 256 * 256)
    #expect(try number("head_dense_macs") == 256 * 2048)
    #expect(try abs(number("activation_sparsity") - (1 - number("effective_macs") / number("dense_macs"))) < 1e-12)
    // 7.04 pJ and 1.25 ns for each effective multiply-accumulate, the head's among them.
    let effective = try number("effective_macs") + number("head_effective_macs")
    #expect(try abs(number("energy_uj") - effective * 7.04e-6) < 1e-9)
    #expect(try abs(number("latency_ms") - effective * 1.25e-6) < 1e-9)
    let dense = try number("dense_macs") + number("head_dense_macs")
    #expect(try abs(number("dense_energy_uj") - dense * 7.04e-6) < 1e-9)
    #expect(try abs(number("dense_latency_ms") - dense * 1.25e-6) < 1e-9)
    #expect(document["modelled"] as? Bool == true)
    #expect(document["device"] as? String == "SENECA")
    #expect(document["tokens"] as? Int == 3)
    #expect(document["prompt_tokens"] as? Int == (document["token_ids"] as? [Int]).map { $0.count - 3 })
    let speed = try #require(document["tokens_per_second"] as? [String: Double])
    #expect(speed["prefill"]! > 0 && speed["decode"]! > 0)
  }

  @Test func aSeedDecidesTheText() throws {
    func text(_ seed: String) throws -> String {
      let arguments = ["run", "-m", Samples.recurrent.model, "-p", "The", "-n", "12", "--temp", "1.2", "--top-k", "200", "--top-p", "0.98"]
      return try #require(try CommandRunner.run(arguments + ["--seed", seed, "--json"]).document["text"] as? String)
    }
    #expect(try text("1") == text("1"))
    #expect(try text("1") != text("2"))
  }

  @Test func adaptationKeepsASparsity() throws {
    func document(_ options: String...) throws -> [String: Any] {
      try CommandRunner.run(
        ["run", "-m", Samples.recurrent.model, "-p", "Once upon a time", "-n", "200", "--ignore-eos", "--json"]
          + ["--thresholds", Sample.calibrated.path] + options
      ).document
    }
    for target in [0.5, 0.7] {
      let adapted = try document("--adapt", "\(target)", "--adapt-rate", "0.2")
      #expect(try abs(#require(adapted["activation_sparsity"] as? Double) - target) < 0.02)
      let factor = try #require((adapted["adaptation"] as? [String: Double])?["factor"])
      #expect((factor > 1) == (target > 0.6))
    }
    #expect(try document()["adaptation"] == nil)
    let dense = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "x", "--adapt", "0.6")
    #expect(dense.status == 2 && dense.errors.contains("all thresholds are 0"))
    #expect(try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "x", "--adapt", "1.5").status == 2)
    #expect(try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "x", "--adapt-rate", "0.5").status == 2)
  }

  @Test func promptsComeFromFilesToo() throws {
    let folder = try TemporaryFolder()
    let prompt = try folder.write("Once upon a time", to: "prompt")
    let fromFile = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-f", prompt, "-n", "4")
    let fromOption = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "Once upon a time", "-n", "4")
    let fromPipe = try CommandRunner.run(
      ["run", "-m", Samples.recurrent.model, "-f", "/dev/stdin", "-n", "4"], input: Data("Once upon a time".utf8))
    #expect(fromFile.output == fromOption.output)
    #expect(fromPipe.output == fromOption.output)
  }

  @Test func nothingIsAddedWhenNothingIsAskedFor() throws {
    let result = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "Über dem Fluß 🌙", "-n", "0")
    #expect(result.output.hasPrefix("Über dem Fluß 🌙\nactivation sparsity "))
  }

  @Test func brokenTextIsShownAsReplacementCharacters() throws {
    let folder = try TemporaryFolder()
    let prompt = try folder.write(Data([0x41, 0xff, 0x42, 0xe2, 0x82]), to: "prompt")
    let result = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-f", prompt, "-n", "0")
    #expect(result.output.hasPrefix("A\u{fffd}B\u{fffd}\nactivation"))
  }

  @Test func anEmptyPromptBeginsAText() throws {
    let result = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "", "-n", "1", "--json")
    #expect(try (result.document["token_ids"] as? [Int])?.first == 0)
  }

  @Test func theContextEndsTheTextAndRefusesALongerPrompt() throws {
    let full = try CommandRunner.run(
      "run", "-m", Samples.transformer.model, "-p", "Once upon a time", "-n", "9", "--context", "7", "--json")
    #expect(full.status == 0)
    // 7 tokens are taken; the last of them still gives one more.
    #expect(try (full.document["token_ids"] as? [Int])?.count == 8)
    #expect(full.errors.contains("the context of 7 tokens is full"))
    let long = try CommandRunner.run("run", "-m", Samples.transformer.model, "-p", "Once upon a time", "--context", "4")
    #expect(long.status == 1)
    #expect(long.errors == "quell: the prompt has 5 tokens, more than the context of 4\n")
    #expect(long.output.isEmpty)
    #expect(try CommandRunner.run("run", "-m", Samples.transformer.model, "-p", "x", "--context", "257").status == 2)
  }
}
