import Quell

/// Text made by a model from a prompt, token by token.
struct Generation {
  /// Why it ended.
  enum End {
    case length
    case endToken
    case contextFull
    case interrupted
  }

  /// The tokens of the prompt, then those generated.
  private(set) var tokens: [UInt32]
  let promptCount: Int
  private(set) var end = End.length
  private var prefillSeconds = 0.0
  private var decodeSeconds = 0.0
  private var decodeSteps = 0

  var generatedCount: Int { tokens.count - promptCount }

  /// Tokens of the prompt taken in a second.
  var prefillSpeed: Double { speed(promptCount, prefillSeconds) }
  /// Tokens taken in a second after the prompt. The first token that is generated costs no step: it comes out of the prompt's last.
  var decodeSpeed: Double { speed(decodeSteps, decodeSeconds) }

  private func speed(_ count: Int, _ seconds: Double) -> Double { seconds > 0 ? Double(count) / seconds : 0 }

  /// Takes the prompt and generates up to `limit` tokens; `emit` is given each token, those of the prompt first.
  ///
  /// An end token ends the text and is not part of it, unless `ignoringEnd`. Ctrl-C ends it too.
  init(
    _ session: Session, prompt: [UInt32], limit: Int, sampler: Sampler, endToken: UInt32?, emit: (UInt32) throws -> Void
  ) throws {
    tokens = prompt
    promptCount = prompt.count
    guard prompt.count <= session.capacity else {
      throw CommandFailure(.failed, "the prompt has \(prompt.count) tokens, more than the context of \(session.capacity)")
    }
    let start = ContinuousClock.now
    for token in prompt { try emit(token) }
    for first in stride(from: 0, to: prompt.count, by: ThreadsOption.batch) where !Interruption.isRequested {
      try session.prefill(Array(prompt[first..<min(first + ThreadsOption.batch, prompt.count)]))
    }
    let prefilled = ContinuousClock.now
    prefillSeconds = (prefilled - start).seconds
    end = try generate(session, limit: limit, sampler: sampler, endToken: endToken, emit: emit)
    decodeSeconds = (ContinuousClock.now - prefilled).seconds
  }

  private mutating func generate(
    _ session: Session, limit: Int, sampler: Sampler, endToken: UInt32?, emit: (UInt32) throws -> Void
  ) throws -> End {
    var sampler = sampler
    while generatedCount < limit {
      if Interruption.isRequested { return .interrupted }
      let token = try session.sample(&sampler)
      if token == endToken { return .endToken }
      tokens.append(token)
      try emit(token)
      guard generatedCount < limit else { break }
      guard session.position < session.capacity else { return .contextFull }
      // The counts are those of generated tokens; a prompt is taken in pieces, whose tokens do not all do the same work.
      if decodeSteps == 0 { session.resetCounts() }
      try session.step(token)
      decodeSteps += 1
    }
    return Interruption.isRequested ? .interrupted : .length
  }
}
