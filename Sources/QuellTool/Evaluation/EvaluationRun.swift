import Quell
import QuellCalibration

/// A model run over the windows of a text, several of them at a time.
struct EvaluationRun {
  /// All predictions, in the order of the text.
  let predictions: [Prediction]
  /// Events of each site.
  let eventCounts: [UInt64]
  let counts: OperationCounts

  init(_ model: Model, over text: TextWindows, threads: Int, reference: Model?, prepare: (Session) throws -> Void) throws {
    let workers = max(min(threads, text.windows.count), 1)
    // What is left of the threads helps within the windows.
    let members = try (0..<workers).map { _ in
      try EvaluationWorker(model, reference: reference, length: text.longestWindow, threads: threads / workers, prepare: prepare)
    }
    predictions = try ParallelWork.results(text.windows.count, "evaluating", workers: members) { worker, index in
      try worker.run(text.windows[index], from: text.overlaps[index])
    }.flatMap { $0 }
    guard predictions.allSatisfy({ $0.surprise.isFinite }) else { throw Failure.logitsAreNoNumbers }
    let sessions = members.map(\.session)
    eventCounts = model.sites.indices.map { site in sessions.reduce(0) { $0 + $1.eventCounts[site] } }
    counts = sessions.reduce(OperationCounts()) { $0 + $1.counts }
  }
}

/// One of several that work through the windows of a text, with sessions of its own.
private final class EvaluationWorker {
  let session: Session
  private let reference: Session?
  private let vocabulary: Int
  /// The reference's logits after the tokens that are taken at a time.
  private let rows: UnsafeMutableBufferPointer<Float>

  init(_ model: Model, reference: Model?, length: Int, threads: Int, prepare: (Session) throws -> Void) throws {
    let batch = max(min(ThreadsOption.batch, length), 1)
    session = try Session(model, contextLength: length, threads: threads, batch: batch)
    try prepare(session)
    let other = try reference.map { try Session($0, contextLength: length, threads: threads, batch: batch) }
    if let other { for site in other.thresholds.indices { try other.setThreshold(0, site: site) } }
    self.reference = other
    vocabulary = model.vocabularySize
    rows = .allocate(capacity: other == nil ? 0 : batch * vocabulary)
  }

  deinit { rows.deallocate() }

  /// The predictions of a window but the first ones, of which another window has made so many.
  func run(_ window: ArraySlice<UInt32>, from overlap: Int) throws -> [Prediction] {
    let tokens = Array(window)
    var predictions: [Prediction] = []
    session.reset()
    reference?.reset()
    for first in stride(from: 0, to: tokens.count - 1, by: ThreadsOption.batch) {
      try Interruption.check()
      let some = Array(tokens[first..<min(first + ThreadsOption.batch, tokens.count - 1)])
      try reference?.visitLogits(some) { index, logits in
        (rows.baseAddress! + index * vocabulary).update(from: logits.baseAddress!, count: vocabulary)
      }
      try session.visitLogits(some) { index, logits in
        guard first + index >= overlap else { return }
        let other = reference.map { _ in UnsafeBufferPointer(rebasing: rows[index * vocabulary..<(index + 1) * vocabulary]) }
        predictions.append(Prediction(of: tokens[first + index + 1], logits, reference: other))
      }
    }
    return predictions
  }
}

extension OperationCounts {
  static func + (left: OperationCounts, right: OperationCounts) -> OperationCounts {
    var sum = left
    sum.tokens += right.tokens
    sum.events += right.events
    sum.effectiveMACs += right.effectiveMACs
    sum.denseMACs += right.denseMACs
    sum.headEffectiveMACs += right.headEffectiveMACs
    sum.headDenseMACs += right.headDenseMACs
    return sum
  }
}
