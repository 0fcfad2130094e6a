#if !hasFeature(Embedded)
  import CQuell

  /// A token that a model went on with.
  public struct GeneratedToken: Equatable, Sendable {
    /// Its id.
    public let id: UInt32
    /// The characters that are complete with it: empty while one still lacks bytes, so that texts can be joined. One that never
    /// becomes whole is left out.
    public let text: String
  }

  extension Model {
    /// What the model goes on with after a prompt, for `for try await`. Nothing is computed before the first token is asked for.
    ///
    /// - Parameters:
    ///   - prompt: The text, of at least one token.
    ///   - limit: The greatest number of tokens. There are fewer where the text ends or the context is full.
    ///   - sampling: How tokens are chosen.
    ///   - contextLength: The greatest number of positions; 0 is the model's limit.
    ///   - threads: How many threads work on a step.
    ///   - thresholds: One for each site, or nil for the model's own.
    public func continuation(
      of prompt: String, limit: Int = 64, sampling: SamplingOptions = SamplingOptions(), contextLength: Int = 0, threads: Int = 1,
      thresholds: [Float]? = nil
    ) -> Continuation {
      Continuation(
        model: self, prompt: prompt, limit: limit, sampling: sampling, contextLength: contextLength, threads: threads,
        thresholds: thresholds)
    }
  }

  /// What a model goes on with after a prompt. Each iteration is a session of its own and gives the same tokens.
  ///
  /// Steps run apart from the task that waits for them, so that none of an actor's time is taken. A task that is cancelled gets no
  /// more tokens.
  public struct Continuation: AsyncSequence, Sendable {
    /// A token and its text.
    public typealias Element = GeneratedToken
    /// Why a model cannot be gone on with.
    public typealias Failure = Quell.Failure

    fileprivate let model: Model
    fileprivate let prompt: String
    fileprivate let limit: Int
    fileprivate let sampling: SamplingOptions
    fileprivate let contextLength: Int
    fileprivate let threads: Int
    fileprivate let thresholds: [Float]?

    /// A session that has not begun.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(run: ContinuationRun(self)) }

    /// Gives the tokens one after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
      fileprivate let run: ContinuationRun

      /// The next token, nil where there are no more.
      public func next() async throws(Quell.Failure) -> GeneratedToken? { try await run.next() }

      /// The same for a caller that belongs to an actor, whose time is not taken.
      public func next(isolation actor: isolated (any Actor)?) async throws(Quell.Failure) -> GeneratedToken? { try await run.next() }
    }
  }

  /// The session of one iteration, which belongs to whoever runs this actor.
  private actor ContinuationRun {
    /// Tokens of a prompt that are taken before cancellation is looked at again.
    private static let tokensAtATime = 16

    private let asked: Continuation
    private var started: (session: Session, sampler: Sampler, tokenizer: Tokenizer, decoder: StreamingDecoder)?
    private var made = 0
    private var isFinished = false

    init(_ asked: Continuation) { self.asked = asked }

    func next() throws(Failure) -> GeneratedToken? {
      guard !isFinished, asked.limit > 0, !Task.isCancelled else { return nil }
      do throws(Failure) {
        guard try start() else { return nil }
        return try advance()
      } catch {
        isFinished = true
        throw error
      }
    }

    /// Takes the prompt, once; false where the task is cancelled meanwhile.
    private func start() throws(Failure) -> Bool {
      guard started == nil else { return true }
      guard let tokenizer = asked.model.tokenizer else {
        throw Failure(QUELL_NO_TOKENIZER, "the model carries no tokenizer: import it again with one")
      }
      let tokens = try tokenizer.encode(asked.prompt)
      guard !tokens.isEmpty else { throw Failure(QUELL_INVALID_ARGUMENT, "the prompt has no tokens") }
      let session = try Session(asked.model, contextLength: asked.contextLength, threads: asked.threads)
      if let thresholds = asked.thresholds {
        guard thresholds.count == session.thresholds.count else {
          throw Failure(QUELL_INVALID_ARGUMENT, "there are not as many thresholds as sites: ").then(thresholds.count)
        }
        for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
      }
      for first in stride(from: 0, to: tokens.count, by: ContinuationRun.tokensAtATime) {
        guard !Task.isCancelled else { return false }
        try session.prefill(Array(tokens[first..<min(first + ContinuationRun.tokensAtATime, tokens.count)]))
      }
      started = (session, try Sampler(asked.sampling), tokenizer, StreamingDecoder(tokenizer))
      return true
    }

    private func advance() throws(Failure) -> GeneratedToken? {
      guard var run = started else { return nil }
      defer { started = run }
      let token = try run.session.sample(&run.sampler)
      guard token != run.tokenizer.end else {
        isFinished = true
        return nil
      }
      made += 1
      let text = try piece(token, &run.decoder)
      isFinished = made == asked.limit || run.session.position == run.session.capacity
      if !isFinished { try run.session.step(token) }
      return GeneratedToken(id: token, text: String(decoding: text, as: UTF8.self))
    }

    private func piece(_ token: UInt32, _ decoder: inout StreamingDecoder) throws(Failure) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: decoder.requiredBytes)
      let count = try bytes.withUnsafeMutableBufferPointer { buffer throws(Failure) in try decoder.append(token, into: buffer) }
      return Array(bytes[..<count])
    }
  }
#endif
