import CQuell
import Testing

@testable import Quell

@Suite struct ContinuationTests {
  /// A model with a token for each logit; the last two are the halves of one character.
  private func talker() throws -> (Model, AlignedBytes) {
    var tiny = TinyModel()
    tiny.file["tokenizer.ggml.model"] = .string("gpt2")
    tiny.file["tokenizer.ggml.pre"] = .string("gpt-2")
    tiny.file["tokenizer.ggml.tokens"] = .strings(["a", "b", "c", "ab", "<end>", "d", "e", "f", "g", "Ã", "¤"])
    tiny.file["tokenizer.ggml.token_type"] = .int32s([1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1])
    tiny.file["tokenizer.ggml.merges"] = .strings(["a b"])
    tiny.file["tokenizer.ggml.eos_token_id"] = .uint32(4)
    let bytes = AlignedBytes(tiny.file.build())
    return (try Model(bytes: UnsafeRawBufferPointer(bytes.bytes)), bytes)
  }

  private func collect(_ continuation: Continuation) async throws -> [GeneratedToken] {
    var tokens: [GeneratedToken] = []
    for try await token in continuation { tokens.append(token) }
    return tokens
  }

  @Test func tokensAreThoseOfASessionThatIsStepped() async throws {
    let (model, bytes) = try talker()
    defer { withExtendedLifetime(bytes) {} }
    let tokenizer = try #require(model.tokenizer)
    var lengths: Set<Int> = []
    for seed in 0..<20 as Range<UInt64> {
      let sampling = SamplingOptions(temperature: 100, seed: seed)
      let session = try Session(model)
      try session.prefill(try tokenizer.encode("ab"))
      var sampler = try Sampler(sampling)
      var expected: [UInt32] = []
      while expected.count < 4 {
        let token = try session.sample(&sampler)
        if token == tokenizer.end { break }
        expected.append(token)
        if session.position == session.capacity { break }
        try session.step(token)
      }
      let continuation = model.continuation(of: "ab", limit: 4, sampling: sampling)
      let tokens = try await collect(continuation)
      #expect(tokens.map(\.id) == expected)
      // What is whole has been given out: half a character at the end has not.
      let text = String(decoding: try tokenizer.decode(expected), as: UTF8.self)
      #expect(text.hasPrefix(tokens.map(\.text).joined()) || text.contains("\u{fffd}"))
      #expect(try await collect(continuation) == tokens)
      lengths.insert(expected.count)
    }
    #expect(lengths.count > 1, "some texts are to end by themselves")
    #expect(try await collect(model.continuation(of: "ab", limit: 0)).isEmpty)
    #expect(try await collect(model.continuation(of: "ab", limit: 100)).count <= TinyModel.context)
  }

  @Test func thresholdsAreThoseThatAreAskedFor() async throws {
    let (model, bytes) = try talker()
    defer { withExtendedLifetime(bytes) {} }
    let deaf = [Float](repeating: 1e6, count: 4)
    let session = try Session(model)
    for site in 0..<4 { try session.setThreshold(1e6, site: site) }
    try session.prefill(try #require(model.tokenizer).encode("cab"))
    var sampler = try Sampler(SamplingOptions())
    let first = try session.sample(&sampler)
    let tokens = try await collect(model.continuation(of: "cab", limit: 1, thresholds: deaf))
    #expect(first == model.tokenizer?.end ? tokens.isEmpty : tokens.map(\.id) == [first])
    await #expect(throws: Failure.self) { try await collect(model.continuation(of: "cab", thresholds: [1])) }
  }

  @Test func whatCannotBeGoneOnWith() async throws {
    let (model, bytes) = try talker()
    let (silent, others) = try openTiny()
    defer { withExtendedLifetime((bytes, others)) {} }
    await #expect(throws: Failure.self) { try await collect(model.continuation(of: "")) }
    await #expect(throws: Failure.self) { try await collect(silent.continuation(of: "ab")) }
    let iterator = model.continuation(of: "ab", contextLength: 1 << 20).makeAsyncIterator()
    await #expect(throws: Failure.self) { _ = try await iterator.next() }
    #expect(try await iterator.next() == nil)
  }

  @Test func aTaskThatIsCancelledGetsNoMore() async throws {
    let (model, bytes) = try talker()
    defer { withExtendedLifetime(bytes) {} }
    let continuation = model.continuation(of: "ab", limit: 4, sampling: SamplingOptions(temperature: 1, seed: 3))
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await collect(continuation)
    }
    #expect(try await task.value.isEmpty)
  }
}
