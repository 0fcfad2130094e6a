import Foundation

/// What a model thought of the token that came next.
struct Prediction {
  /// The same of another model, and how far apart the two are.
  struct Comparison {
    /// -ln of the probability that the other model gave to the token.
    let surprise: Double
    /// The Kullback-Leibler divergence: the mean, over what the other model expects, of ln of its probability over this model's.
    let divergence: Double
    /// Whether both find the same token likeliest, the first of equals.
    let agrees: Bool
  }

  /// -ln of the probability that the model gave to the token, in nats.
  let surprise: Double
  let comparison: Comparison?

  /// From the logits, and those of another model after the same tokens.
  init(of token: UInt32, _ logits: UnsafeBufferPointer<Float>, reference: UnsafeBufferPointer<Float>?) {
    let own = Softmax(logits)
    surprise = -own.logarithm(of: Int(token))
    comparison = reference.map { reference in
      let other = Softmax(reference)
      var divergence = 0.0
      for index in logits.indices {
        let logarithm = other.logarithm(of: index)
        divergence += exp(logarithm) * (logarithm - own.logarithm(of: index))
      }
      // Rounding makes small ones negative.
      return Comparison(
        surprise: -other.logarithm(of: Int(token)), divergence: max(divergence, 0), agrees: own.greatest == other.greatest)
    }
  }
}

/// The probabilities that logits stand for, in double precision.
private struct Softmax {
  private let logits: UnsafeBufferPointer<Float>
  /// The token of the greatest logit, the first of equals.
  let greatest: Int
  private let logarithmOfSum: Double

  init(_ logits: UnsafeBufferPointer<Float>) {
    self.logits = logits
    var greatest = 0
    for index in logits.indices where logits[index] > logits[greatest] { greatest = index }
    self.greatest = greatest
    let top = Double(logits[greatest])
    var sum = 0.0
    for logit in logits { sum += exp(Double(logit) - top) }
    logarithmOfSum = top + log(sum)
  }

  /// ln of the probability of a token.
  func logarithm(of token: Int) -> Double { Double(logits[token]) - logarithmOfSum }
}
