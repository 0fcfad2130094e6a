import Foundation
import Quell

/// How well a model predicts a text, and how much work it skips.
struct Evaluation {
  /// How far a model is from another one that predicts the same text.
  struct Comparison {
    /// The loss of the other one.
    let loss: Double
    /// The mean of the Kullback-Leibler divergences from what the other one expects, in nats.
    let meanDivergence: Double
    /// The divergence that 99 of 100 predictions do not exceed.
    let highDivergence: Double
    /// The fraction of predictions in which both find the same token likeliest.
    let agreement: Double
  }

  /// Predictions.
  let tokens: Int
  /// The mean of -ln p(token), in nats.
  let loss: Double
  /// The standard error of the loss, as if predictions were independent.
  let lossError: Double
  let bitsPerByte: Double
  let sparsity: SparsityReport
  let counts: OperationCounts
  let comparison: Comparison?

  var perplexity: Double { exp(loss) }
  /// To first order.
  var perplexityError: Double { perplexity * lossError }

  /// Runs a model over every window.
  ///
  /// - Parameters:
  ///   - prepare: Sets the thresholds of a session, of which there may be several.
  ///   - reference: The model to compare with, which runs with all thresholds at 0; nil for none.
  init(_ model: Model, over text: TextWindows, threads: Int, reference: Model?, prepare: (Session) throws -> Void) throws {
    let run = try EvaluationRun(model, over: text, threads: threads, reference: reference, prepare: prepare)
    let surprises = run.predictions.map(\.surprise)
    tokens = surprises.count
    loss = surprises.mean
    lossError = surprises.standardErrorOfMean
    bitsPerByte = loss * Double(tokens) / log(2) / Double(text.byteCount)
    sparsity = SparsityReport(model.sites, events: run.eventCounts, tokens: run.counts.tokens)
    counts = run.counts
    comparison = reference.map { _ in
      let others = run.predictions.compactMap(\.comparison)
      let divergences = others.map(\.divergence)
      return Comparison(
        loss: others.map(\.surprise).mean, meanDivergence: divergences.mean, highDivergence: divergences.quantile(0.99),
        agreement: others.map { $0.agrees ? 1 : 0 }.mean)
    }
  }
}

extension [Double] {
  var mean: Double { reduce(0, +) / Double(count) }

  /// The standard deviation of the mean, estimated from the values; 0 of a single one.
  var standardErrorOfMean: Double {
    guard count > 1 else { return 0 }
    let mean = mean
    return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1) / Double(count)).squareRoot()
  }

  /// The value that a fraction of all does not exceed, between two of them linearly interpolated.
  func quantile(_ fraction: Double) -> Double {
    let sorted = sorted()
    let place = fraction * Double(count - 1)
    let lower = Int(place)
    guard lower + 1 < count else { return sorted[count - 1] }
    return sorted[lower] + (place - Double(lower)) * (sorted[lower + 1] - sorted[lower])
  }
}
