import Foundation
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
    #expect(document["window"] as? Int == 256)
    #expect(try abs(#require(document["perplexity"] as? Double) / exp(loss) - 1) < 1e-9)
    #expect(try abs(#require(document["bits_per_byte"] as? Double) - loss * 63 / log(2) / 157) < 1e-9)
  }

  @Test func documentsAndWindowsBeginAnew() throws {
    let folder = try TemporaryFolder()
    func total(_ text: String, window: String = "256") throws -> (nats: Double, tokens: Int, documents: Int) {
      let path = try folder.write(text, to: "text")
      let document = try CommandRunner.run("eval", "-m", Samples.recurrent.model, "-f", path, "--window", window, "--json").document
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
    let labels = ["loss ", "perplexity ", "bits per byte ", "tokens ", "activation sparsity "]
    for (line, label) in zip(result.output.split(separator: "\n"), labels) { #expect(line.hasPrefix(label)) }
  }

  @Test func aTextWithoutTokensIsRefused() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("<|endoftext|>", to: "text")
    let result = try CommandRunner.run("eval", "-m", Samples.recurrent.model, "-f", text)
    #expect(result.status == 1)
    #expect(result.errors.contains("holds no text to predict"))
  }
}
