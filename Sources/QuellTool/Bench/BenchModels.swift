import ArgumentParser
import Foundation
import Quell
import QuellImport

/// The model that is measured: a file, or one of a known shape with random weights.
struct BenchModels: ParsableArguments {
  @Option(name: [.short, .customLong("model")], help: ArgumentHelp("The model, made by `quell import`.", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Make a model of this shape with random weights.", valueName: "shape"))
  var synthetic: String?

  @Option(help: ArgumentHelp("How the synthetic model's matrices are stored.", valueName: "type"))
  var weights = WeightOption.f16

  @Option(help: ArgumentHelp("Keep the synthetic model here; without it, it is gone in the end.", valueName: "file"))
  var keep: String?

  func validate() throws {
    guard (model == nil) != (synthetic == nil) else { throw ValidationError("give either a model (-m) or a shape (--synthetic)") }
    if keep != nil, synthetic == nil { throw ValidationError("--keep belongs to --synthetic") }
  }

  /// Hands the opened model to `body`; a synthetic one that is not to be kept is removed afterwards.
  func withModel<Result>(_ body: (Model) throws -> Result) throws -> Result {
    if let model { return try body(naming(model) { try Model(path: model) }) }
    let shape = try naming("--synthetic") { try DecoderShape(synthetic ?? "") }
    if let keep { return try body(make(shape, at: keep)) }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quell-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(make(shape, at: folder.appendingPathComponent("synthetic.gguf").path))
  }

  private func make(_ shape: DecoderShape, at path: String) throws -> Model {
    var progress = Progress("making \(synthetic ?? "")", in: .bytes)
    return try naming(path) {
      defer { progress.finish() }
      let options = ImportOptions(weights: weights.type, name: synthetic) { done, total in
        progress.update(done, of: total)
        return !Interruption.isRequested
      }
      try writeSyntheticModel(shape, to: path, options: options)
      return try Model(path: path)
    }
  }
}
