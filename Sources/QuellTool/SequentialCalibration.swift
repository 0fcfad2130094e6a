import Foundation
import Quell
import QuellCalibration

extension Calibration {
  /// Searches for thresholds site by site. What has been found is kept in a file beside the output until the search is over, so that
  /// it can be gone on with.
  static func sequential(
    _ evaluation: LayerwiseEvaluation, lossIncrease: Double, mostEvaluations: Int?, checkpoint: Checkpoint<SearchDocument>, resumes: Bool
  ) throws -> (calibration: Calibration, record: SearchRecord) {
    var search = SequentialSearch(evaluation, lossIncrease: lossIncrease, mostEvaluations: mostEvaluations ?? .max)
    if resumes {
      guard try search.resume(checkpoint.read().search) else {
        throw CommandFailure(
          .malformed, "'\(checkpoint.path)' is of another search: another model, text, number of tokens or --loss-increase")
      }
    }
    do {
      try run(&search) { try checkpoint.write(SearchDocument($0)) }
    } catch let stop as CalibrationStop {
      try checkpoint.write(SearchDocument(search.record))
      StandardError.note("what has been found is in '\(checkpoint.path)': go on with --resume")
      throw stop
    }
    checkpoint.remove()
    return (Calibration("sequential", evaluation), search.record)
  }

  /// Searches to the end, and shows how far it is. `settled` gets what has been found after each site.
  static func run(_ search: inout SequentialSearch, settled: (SearchRecord) throws -> Void = { _ in }) throws {
    var progress = Progress("calibrating")
    defer { progress.finish() }
    try search.run(
      progress: { state in
        let loss = state.loss > 0 ? ", loss \(Figures.fixed(state.loss, 4))" : ""
        progress.update(
          state.fraction, "\(state.site) at density \(Figures.fixed(state.density, 1))\(loss), \(state.evaluations) evaluations")
      }, settled: settled)
  }
}

/// What a search has found so far, as a file holds it.
struct SearchDocument: CheckpointDocument {
  static let formatName = "quell-search"
  static let currentVersion = 1
  static let work = "a search"

  let format: String
  let version: Int
  let search: SearchRecord

  init(_ record: SearchRecord) {
    (format, version) = (SearchDocument.formatName, SearchDocument.currentVersion)
    search = record
  }
}
