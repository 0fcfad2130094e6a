import Foundation
import Quell
import QuellCalibration

extension Calibration {
  /// Searches for thresholds site by site. What has been found is kept in a file beside the output until the search is over, so that
  /// it can be gone on with.
  static func sequential(
    _ evaluation: LayerwiseEvaluation, lossIncrease: Double, mostEvaluations: Int?, checkpoint: SearchCheckpoint, resumes: Bool
  ) throws -> (calibration: Calibration, record: SearchRecord) {
    var search = SequentialSearch(evaluation, lossIncrease: lossIncrease, mostEvaluations: mostEvaluations ?? .max)
    if resumes {
      guard try search.resume(checkpoint.read()) else {
        throw CommandFailure(
          .malformed, "'\(checkpoint.path)' is of another search: another model, text, number of tokens or --loss-increase")
      }
    }
    do {
      try run(&search) { try checkpoint.write($0) }
    } catch let stop as CalibrationStop {
      try checkpoint.write(search.record)
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

/// The file that a search is gone on from.
struct SearchCheckpoint {
  private static let formatName = "quell-search"
  private static let currentVersion = 1

  private struct Contents: Codable {
    let format: String
    let version: Int
    let search: SearchRecord
  }

  let path: String

  /// The checkpoint of what is to be written to a file: beside it.
  init(for output: String) { path = output + ".checkpoint" }

  func read() throws -> SearchRecord {
    let bytes = Data(try Files.read(path))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let contents = try? decoder.decode(Contents.self, from: bytes), contents.format == SearchCheckpoint.formatName,
      contents.version == SearchCheckpoint.currentVersion
    else { throw CommandFailure(.malformed, "'\(path)' is no checkpoint of a search by this Quell") }
    return contents.search
  }

  func write(_ record: SearchRecord) throws {
    let contents = Contents(format: SearchCheckpoint.formatName, version: SearchCheckpoint.currentVersion, search: record)
    try Files.write(JSONDocument.encode(contents), to: path)
  }

  func remove() { unlink(path) }
}
