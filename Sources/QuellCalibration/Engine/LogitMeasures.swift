import CQuell
import Quell

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is measured of the logits of one token, in nats.
public enum LogitMeasures {
  /// -ln of the probability that the logits give to a token.
  public static func surprise(at token: UInt32, _ logits: UnsafeBufferPointer<Float>) -> Double {
    logarithmOfSum(logits) - Double(logits[Int(token)])
  }

  /// The divergence of Kullback and Leibler of the logits from the logarithms of the probabilities that another model gives.
  static func divergence(from reference: UnsafeBufferPointer<Float>, _ logits: UnsafeBufferPointer<Float>) -> Double {
    LogitSums.divergence(reference, logits) + logarithmOfSum(logits)
  }

  /// ln of the sum of e^x over all logits x: less it, a logit is the logarithm of a probability.
  static func logarithmOfSum(_ logits: UnsafeBufferPointer<Float>) -> Double {
    let greatest = LogitSums.greatest(logits)
    return Double(greatest) + log(LogitSums.exponentials(logits, greatest: greatest))
  }
}

extension Failure {
  /// Says that no loss can be made of a model's logits.
  package static var logitsAreNoNumbers: Failure {
    Failure(QUELL_MALFORMED, "the model's logits for the text are infinite or not numbers: its weights are damaged")
  }
}
