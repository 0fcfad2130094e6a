import Foundation
import Quell
import Testing

@Suite struct EvaluateTests {
  /// The mean of -ln p(next token) that the reference logits give.
  private func referenceLoss(_ sample: Sample) throws -> Double {
    let (tokens, logits) = (try sample.referenceTokens, try sample.referenceLogits)
    let vocabulary = logits.count / tokens.count
    var total = 0.0
    for index in 0..<tokens.count - 1 {
      let row = logits[index * vocabulary..<(index + 1) * vocabulary].map(Double.init)
      let greatest = row.max()!
      total += log(row.reduce(0) { $0 + exp($1 - greatest) }) + greatest - row[Int(tokens[index + 1])]
    }
    return total / Double(tokens.count - 1)
  }

  @Test(arguments: [Samples.recurrent, Samples.transformer]) func lossIsThatOfTheReferenceLogits(sample: Sample) throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let document = try CommandRunner.run("eval", "-m", sample.model, "-f", text, "--json").document
    let loss = try #require(document["loss"] as? Double)
    #expect(abs(loss - (try referenceLoss(sample))) < 1e-4)
    #expect(document["tokens"] as? Int == 63)
    #expect(document["bytes"] as? Int == 157)
    #expect(document["context"] as? Int == 256 && document["stride"] as? Int == 256)
    #expect(try abs(#require(document["perplexity"] as? Double) / exp(loss) - 1) < 1e-9)
    #expect(try abs(#require(document["bits_per_byte"] as? Double) - loss * 63 / log(2) / 157) < 1e-9)
  }

  @Test func documentsAndWindowsBeginAnew() throws {
    let folder = try TemporaryFolder()
    func total(_ text: String, window: String = "256") throws -> (nats: Double, tokens: Int, documents: Int) {
      let path = try folder.write(text, to: "text")
      let document = try CommandRunner.run("eval", "-m", Samples.recurrent.model, "-f", path, "--context", window, "--json").document
      let tokens = try #require(document["tokens"] as? Int)
      return (try #require(document["loss"] as? Double) * Double(tokens), tokens, try #require(document["documents"] as? Int))
    }
    let parts = Samples.documents.components(separatedBy: "<|endoftext|>")
    let whole = try total(Samples.documents)
    let (first, second) = (try total(parts[0]), try total(parts[1]))
    #expect(whole.documents == 3)
    #expect(whole.tokens == first.tokens + second.tokens)
    #expect(abs(whole.nats - first.nats - second.nats) < 1e-6)
    // Windows of one token know nothing but the token before: all tokens are still predicted, but worse.
    let short = try total(Samples.documents, window: "1")
    #expect(short.tokens == whole.tokens)
    #expect(short.nats > whole.nats)
  }

  @Test func theTableIsForPeople() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("Once upon a time", to: "text")
    let result = try CommandRunner.run("eval", "-m", Samples.recurrent.model, "-f", text)
    #expect(result.status == 0)
    let labels = ["loss ", "perplexity ", "bits per byte ", "tokens ", "sparsity ", "activation sparsity "]
    for (line, label) in zip(result.output.split(separator: "\n"), labels) { #expect(line.hasPrefix(label)) }
  }

  @Test func aTextWithoutTokensIsRefused() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("<|endoftext|>", to: "text")
    let result = try CommandRunner.run("eval", "-m", Samples.recurrent.model, "-f", text)
    #expect(result.status == 1)
    #expect(result.errors.contains("holds no text to predict"))
  }

  // MARK: Comparisons

  /// The reference logits after each token but the last, and the tokens that come next, in double precision.
  private func references(_ sample: Sample) throws -> [(logarithms: [Double], token: Int)] {
    let (tokens, logits) = (try sample.referenceTokens, try sample.referenceLogits)
    let vocabulary = logits.count / tokens.count
    return (0..<tokens.count - 1).map { index in
      let row = logits[index * vocabulary..<(index + 1) * vocabulary].map(Double.init)
      let greatest = row.max()!
      let sum = greatest + log(row.reduce(0) { $0 + exp($1 - greatest) })
      return (row.map { $0 - sum }, Int(tokens[index + 1]))
    }
  }

  /// Against itself in other precision, whose logits are those of ONNX Runtime.
  @Test(arguments: [Samples.recurrent, Samples.transformer])
  func standardErrorsAreThoseOfTheReferenceLogits(sample: Sample) throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let document = try CommandRunner.run("eval", "-m", sample.model, "-f", text, "--reference", "dense", "--json").document
    let surprises = try references(sample).map { -$0.logarithms[$0.token] }
    let count = Double(surprises.count)
    let mean = surprises.reduce(0, +) / count
    let error = (surprises.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count).squareRoot()
    #expect(try abs(#require(document["loss_standard_error"] as? Double) - error) < 1e-4)
    #expect(try abs(#require(document["perplexity_standard_error"] as? Double) / exp(mean) / error - 1) < 1e-3)
    // Without thresholds the model is its own reference, to the bit.
    #expect(document["top1_agreement"] as? Double == 1)
    #expect((document["kl"] as? [String: Double]) == ["mean": 0, "p99": 0])
    #expect((document["reference"] as? [String: Double])?["loss"] == document["loss"] as? Double)
  }

  /// The divergences of int8 weights from the logits of ONNX Runtime, worked out here, and from the model of the same weights as those.
  @Test func divergencesAreThoseOfTheDefinition() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let coarse = folder.path("int4.gguf")
    #expect(try CommandRunner.run("convert", "-m", Samples.recurrent.model, "--weights", "int4", "-o", coarse).status == 0)
    let document = try CommandRunner.run(
      "eval", "-m", coarse, "-f", text, "--reference", Samples.recurrent.model, "--json"
    ).document
    let model = try Model(path: coarse)
    let session = try Session(model)
    var divergences: [Double] = []
    var agreements = 0
    let tokens = try Samples.recurrent.referenceTokens
    for ((expected, _), token) in zip(try references(Samples.recurrent), tokens) {
      try session.step(token)
      let logits = session.logits.map(Double.init)
      let sum = log(logits.reduce(0) { $0 + exp($1) })
      divergences.append(zip(expected, logits).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1 + sum) })
      if logits.firstIndex(of: logits.max()!) == expected.firstIndex(of: expected.max()!) { agreements += 1 }
    }
    let kl = try #require(document["kl"] as? [String: Double])
    let mean = divergences.reduce(0, +) / 63
    #expect(mean > 1e-3)
    #expect(abs(kl["mean"]! - mean) < 1e-4)
    // The 99th percentile of 63 numbers lies 0.38 of the way from the second greatest to the greatest.
    let sorted = divergences.sorted()
    #expect(abs(kl["p99"]! - (sorted[61] + 0.38 * (sorted[62] - sorted[61]))) < 1e-3)
    #expect(try abs(#require(document["top1_agreement"] as? Double) - Double(agreements) / 63) < 1e-9)
  }

  @Test func sparsityIsThatOfTheSites() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(Samples.documents, to: "text")
    for sample in [Samples.recurrent, Samples.transformer] {
      let document = try CommandRunner.run("eval", "-m", sample.model, "-f", text, "--json").document
      let sparsity = try #require(document["sparsity"] as? [String: Any])
      let sites = try #require(sparsity["sites"] as? [[String: Any]])
      let model = try Model(path: sample.model)
      #expect(sites.compactMap { $0["name"] as? String } == model.sites.map(\.name))
      var (macs, allMACs, elements, allElements) = (0.0, 0.0, 0.0, 0.0)
      for (site, shape) in zip(sites, model.sites) where !shape.isHead {
        let quiet = try #require(site["sparsity"] as? Double)
        macs += quiet * Double(shape.inputs * shape.outputs)
        allMACs += Double(shape.inputs * shape.outputs)
        // Query, key and value are three layers of one site.
        let layers = shape.kind.contains("q_proj") ? 3 : 1
        elements += quiet * Double(shape.inputs * layers)
        allElements += Double(shape.inputs * layers)
      }
      #expect(try abs(#require(sparsity["macs"] as? Double) - macs / allMACs) < 1e-12)
      #expect(try abs(#require(sparsity["elements"] as? Double) - elements / allElements) < 1e-12)
      let dense = try #require(document["dense_macs"] as? Double)
      #expect(dense == allMACs)
      #expect(try abs(#require(document["effective_macs"] as? Double) / dense - 1 + macs / allMACs) < 1e-9)
      #expect(sparsity["head"] as? Double == 0)
      #expect(document["head_effective_macs"] as? Double == document["head_dense_macs"] as? Double)
      // The zeros behind a ReLU are of one kind of site alone.
      let kinds = try #require(sparsity["kinds"] as? [String: Double])
      #expect(kinds.filter { $0.value > 0.1 }.keys.allSatisfy { ["feed_forward.value", "fc2"].contains($0) })
    }
  }

  // MARK: Windows

  /// Overlapping windows, by steps: what a window predicts that the one before has not.
  @Test func overlappingWindowsPredictEveryTokenOnce() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let document = try CommandRunner.run(
      "eval", "-m", Samples.recurrent.model, "-f", text, "--context", "24", "--stride", "10", "--json"
    ).document
    let tokens = try Samples.recurrent.referenceTokens
    let session = try Session(try Model(path: Samples.recurrent.model))
    var (total, predicted) = (0.0, 0)
    for start in stride(from: 0, to: 63, by: 10) where predicted < 63 {
      session.reset()
      for index in start..<min(start + 24, 63) {
        try session.step(tokens[index])
        guard index + 1 > predicted else { continue }
        let logits = session.logits.map(Double.init)
        total += log(logits.reduce(0) { $0 + exp($1) }) - logits[Int(tokens[index + 1])]
        predicted += 1
      }
    }
    #expect(document["tokens"] as? Int == 63 && predicted == 63)
    #expect(try abs(#require(document["loss"] as? Double) - total / 63) < 1e-6)
    #expect(document["context"] as? Int == 24 && document["stride"] as? Int == 10)
  }

  @Test func threadsChangeNoFigure() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(Samples.documents, to: "text")
    func output(_ threads: String) throws -> String {
      try CommandRunner.run(
        "eval", "-m", Samples.transformer.model, "-f", text, "--context", "4", "--reference", "dense", "-t", threads, "--json"
      ).output
    }
    #expect(try output("1") == output("3"))
  }

  @Test func impossibleOptionsAreRefused() throws {
    func refusal(_ options: String...) throws -> String {
      let result = try CommandRunner.run(["eval", "-m", Samples.transformer.model] + options)
      #expect(result.status == 2)
      return result.errors
    }
    #expect(try refusal("-f", "x", "--context", "0").contains("--context is a number of at least 1"))
    #expect(try refusal("-f", "x", "--context", "257").contains("longer than the model's context of 256"))
    #expect(try refusal("-f", "x", "--context", "8", "--stride", "9").contains("tokens would be left out"))
    #expect(try refusal("-f", "x", "--stride", "300").contains("at most the context"))
    #expect(try refusal().contains("either a text (-f) or a --task"))
    #expect(try refusal("--task", "piqa").contains("belong together"))
    #expect(try refusal("-f", "x", "--labels", "y").contains("--labels are a --task's"))
    #expect(try refusal("--task", "piqa", "--data", "x", "--reference", "dense").contains("are for a text"))
    let folder = try TemporaryFolder()
    let text = try folder.write("Once", to: "text")
    let missing = try CommandRunner.run("eval", "-m", Samples.transformer.model, "-f", text, "--reference", "none.gguf")
    #expect(missing.status == 1 && missing.errors.contains("none.gguf"))
  }
}
