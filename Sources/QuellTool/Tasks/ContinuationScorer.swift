import Quell
import QuellCalibration

/// How likely a model finds a text after another one.
struct ContinuationScore {
  /// ln of the probability of the text.
  let logProbability: Double
  /// Whether the model would have gone on with just this text, taking the likeliest token each time.
  let isGreedy: Bool
}

/// Scores texts that go on with others, with a session of its own, as the harness's requests `loglikelihood` do.
final class ContinuationScorer {
  let session: Session
  private let tokenizer: Tokenizer
  /// What stands for an empty context.
  private let prefix: UInt32
  /// The context that was taken last, but its last token, and the state after it: answers to one question share it.
  private var remembered: (tokens: ArraySlice<UInt32>, state: [UInt8])?

  /// How many tokens a model of unlimited context is given, as in the harness.
  static let unlimitedContext = 2048

  init(_ model: Model, context: Int?, threads: Int, prepare: (Session) throws -> Void) throws {
    tokenizer = try model.requireTokenizer()
    guard let prefix = tokenizer.beginning ?? tokenizer.end else {
      throw CommandFailure(.unsupported, "the model's tokenizer has no token that begins or ends a text")
    }
    self.prefix = prefix
    let limit = model.contextLength == 0 ? ContinuationScorer.unlimitedContext : model.contextLength
    session = try Session(model, contextLength: context ?? limit, threads: threads, batch: ThreadsOption.batch)
    try prepare(session)
  }

  /// Scores a continuation; nil where it has no tokens, or more than the model's context.
  func score(_ request: TaskDocument.Request) throws -> ContinuationScore? {
    let (context, continuation) = try encode(request)
    guard !continuation.isEmpty, continuation.count <= session.capacity else { return nil }
    // What does not fit goes at the front; the last token is only predicted.
    let room = session.capacity - continuation.count + 1
    let kept = context.suffix(room)
    try take(kept.dropLast())
    let scores = try session.score(kept.suffix(1) + continuation.dropLast(), targets: continuation)
    let logProbability = scores.reduce(0) { $0 + Double($1.logProbability) }
    guard logProbability.isFinite else { throw Failure.logitsAreNoNumbers }
    return ContinuationScore(
      logProbability: logProbability,
      isGreedy: zip(scores, continuation).allSatisfy { $0.greatest == $1 })
  }

  private func take(_ tokens: ArraySlice<UInt32>) throws {
    try Interruption.check()
    if let remembered, remembered.tokens == tokens { return try session.restore(remembered.state) }
    session.reset()
    try session.prefill(Array(tokens))
    remembered = (tokens, try session.save())
  }

  /// The tokens of context and continuation: those of both texts together, divided where the context's own tokens end. White space at
  /// the end of the context belongs to the continuation, for tokens of words begin with it.
  private func encode(_ request: TaskDocument.Request) throws -> (context: [UInt32], continuation: [UInt32]) {
    func tokens(_ text: String) throws -> [UInt32] { try tokenizer.encode(Array(text.utf8), addingBeginning: false) }
    guard !request.context.isEmpty else {
      let continuation = try tokens(request.continuation)
      return continuation.first == prefix ? ([prefix], Array(continuation.dropFirst())) : ([prefix], continuation)
    }
    let context = try tokens(String(request.context[..<PythonText.endOfWords(request.context)]))
    let whole = try tokens(request.context + request.continuation)
    return (context.isEmpty ? [prefix] : context, Array(whole.dropFirst(context.count)))
  }
}
