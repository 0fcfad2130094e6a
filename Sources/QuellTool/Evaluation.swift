import Foundation
import Quell

/// How well a model predicts a text.
struct Evaluation {
  /// Predictions.
  let tokens: Int
  /// The mean of -ln p(token), in nats.
  let loss: Double
  let bitsPerByte: Double
  let counts: OperationCounts

  var perplexity: Double { exp(loss) }

  /// Runs a session, which is reset and counts anew, over every window.
  init(_ session: Session, over text: TextWindows) throws {
    session.resetCounts()
    var total = 0.0
    var progress = Progress("evaluating")
    defer { progress.finish() }
    for (index, window) in text.windows.enumerated() {
      session.reset()
      for (token, next) in zip(window, window.dropFirst()) {
        try Interruption.check()
        try session.step(token)
        total += Evaluation.surprise(at: next, session.logits)
      }
      progress.update(index + 1, of: text.windows.count)
    }
    tokens = text.predictionCount
    loss = total / Double(tokens)
    bitsPerByte = total / log(2) / Double(text.byteCount)
    counts = session.counts
  }

  /// -ln of the probability that the logits give to a token, in nats.
  static func surprise(at token: UInt32, _ logits: UnsafeBufferPointer<Float>) -> Double {
    var greatest = -Double.infinity
    for logit in logits { greatest = max(greatest, Double(logit)) }
    var sum = 0.0
    for logit in logits { sum += exp(Double(logit) - greatest) }
    return greatest + log(sum) - Double(logits[Int(token)])
  }
}
