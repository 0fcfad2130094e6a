import Quell
import QuellCalibration
import QuellImport

/// Orders the hidden units of a model by how often they fire over a text.
enum NeuronOrdering {
  /// Tokens of the text that are run: the frequent units are told from the rare ones by far fewer than a calibration needs.
  private static let tokens = 4096

  /// How often each input of each site is an event, with the model's own thresholds or others.
  static func firingCounts(of model: Model, _ thresholds: [Float]?, over path: String) throws -> [[Int]] {
    let tokenizer = try model.requireTokenizer()
    var text = try TextWindows(try Files.read(path), tokenizer: tokenizer, length: TextWindows.length(asked: nil, for: model))
    text.spread(tokens: tokens)
    guard !text.windows.isEmpty else { throw CommandFailure(.usage, "'\(path)' is too short to see any unit fire") }
    var progress = Progress("counting events")
    defer { progress.finish() }
    let evaluation = try LayerwiseEvaluation(model, text.windows, threads: 1) { Interruption.isRequested }
    return try evaluation.firingCounts(thresholds: thresholds ?? model.sites.map(\.threshold)) { progress.update($0, "") }
  }

  /// Writes the model in that order; returns how many sites have another one.
  static func run(_ path: String, to output: String, _ counts: [[Int]]) throws -> Int {
    var progress = Progress("ordering", in: .bytes)
    defer { progress.finish() }
    return try naming(path, output) {
      try orderNeurons(from: path, to: output, firingCounts: counts) { done, total in
        progress.update(done, of: total)
        return !Interruption.isRequested
      }
    }
  }
}
