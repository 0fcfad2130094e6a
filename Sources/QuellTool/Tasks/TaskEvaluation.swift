import Foundation
import Quell

/// How well a model does a task, in the metrics of the LM Evaluation Harness.
struct TaskEvaluation {
  /// A mean over the documents, with its standard error.
  struct Metric {
    let mean: Double
    let error: Double

    init(_ values: [Double]) {
      mean = values.mean
      error = values.standardErrorOfMean
    }
  }

  let task: TaskKind
  let documentCount: Int
  /// Whether the likeliest answer is the right one, or the model's own next words are.
  let accuracy: Metric
  /// The same with log-probabilities divided by the characters of the answers; nil where the task has none.
  let normalizedAccuracy: Metric?
  /// Of LAMBADA, ln of the probability of the last words.
  let logProbability: Metric?
  let counts: OperationCounts

  /// Asks the model every question of a file; labels are read from another file where one is given.
  init(
    _ model: Model, _ task: TaskKind, data: String, labels: String?, context: Int?, threads: Int, prepare: (Session) throws -> Void
  ) throws {
    let documents = try TaskEvaluation.documents(task, data: data, labels: labels)
    let workers = max(min(threads, documents.count), 1)
    let scorers = try (0..<workers).map { _ in
      try ContinuationScorer(model, context: context, threads: threads / workers, prepare: prepare)
    }
    let scores = try ParallelWork.results(documents.count, "evaluating", workers: scorers) { scorer, index in
      try documents[index].requests.map { request in
        guard let score = try scorer.score(request) else {
          throw CommandFailure(
            .failed, "document \(index + 1) of '\(data)' has an answer without tokens, or with more than the model's context")
        }
        return score
      }
    }
    self.task = task
    documentCount = documents.count
    counts = scorers.reduce(OperationCounts()) { $0 + $1.session.counts }
    guard task != .lambada else {
      accuracy = Metric(scores.map { $0[0].isGreedy ? 1 : 0 })
      logProbability = Metric(scores.map { $0[0].logProbability })
      normalizedAccuracy = nil
      return
    }
    func hits(_ value: (ContinuationScore, Int) -> Double) -> Metric {
      Metric(
        zip(documents, scores).map { document, scores in
          let values = zip(scores, document.lengths).map(value)
          return values.firstIndex(of: values.max()!) == document.answer ? 1 : 0
        })
    }
    accuracy = hits { score, _ in score.logProbability }
    normalizedAccuracy = task.normalizes ? hits { score, length in score.logProbability / Double(length) } : nil
    logProbability = nil
  }

  private static func documents(_ task: TaskKind, data: String, labels: String?) throws -> [TaskDocument] {
    let records = try TaskRecord.read(data)
    let lines = try labels.map { path in
      String(decoding: try Files.read(path), as: UTF8.self).split(whereSeparator: \.isNewline).map { PythonText.stripped(String($0)) }
    }
    if let labels, let lines, lines.count != records.count {
      throw CommandFailure(.malformed, "'\(labels)' has \(lines.count) labels for the \(records.count) documents of '\(data)'")
    }
    return try records.enumerated().map { index, record in try TaskDocument(record, of: task, label: lines?[index]) }
  }
}

/// The JSON document of `quell eval --task`, and its lines for people.
struct TaskReport: Encodable {
  /// The fraction that was skipped.
  struct Sparsity: Encodable {
    /// Of multiply-accumulates, without the vocabulary head's.
    let macs: Double
  }

  let task: String
  let documents: Int
  let acc: Double
  let accStderr: Double
  let accNorm: Double?
  let accNormStderr: Double?
  let perplexity: Double?
  let perplexityStderr: Double?
  let sparsity: Sparsity
  let effectiveMacs: Double
  let denseMacs: Double

  private let price: Price

  init(_ evaluation: TaskEvaluation) {
    task = evaluation.task.rawValue
    documents = evaluation.documentCount
    acc = evaluation.accuracy.mean
    accStderr = evaluation.accuracy.error
    accNorm = evaluation.normalizedAccuracy?.mean
    accNormStderr = evaluation.normalizedAccuracy?.error
    perplexity = evaluation.logProbability.map { exp(-$0.mean) }
    // To first order.
    perplexityStderr = evaluation.logProbability.map { exp(-$0.mean) * $0.error }
    sparsity = Sparsity(macs: evaluation.counts.activationSparsity)
    price = Price(evaluation.counts)
    effectiveMacs = price.effectiveMACs
    denseMacs = price.denseMACs
  }

  private enum CodingKeys: String, CodingKey {
    case task, documents, acc, accStderr, accNorm, accNormStderr, perplexity, perplexityStderr, sparsity, effectiveMacs, denseMacs
  }

  /// The report as lines of text.
  var text: String {
    var lines = ["task        \(task), \(documents) documents, no examples"]
    func add(_ label: String, _ mean: Double?, _ error: Double?) {
      guard let mean, let error else { return }
      lines.append(label.padding(toLength: 12, withPad: " ", startingAt: 0) + "\(Figures.fixed(mean, 4)) ± \(Figures.fixed(error, 4))")
    }
    add("acc", acc, accStderr)
    add("acc_norm", accNorm, accNormStderr)
    add("perplexity", perplexity, perplexityStderr)
    return (lines + [price.line]).joined(separator: "\n") + "\n"
  }
}
