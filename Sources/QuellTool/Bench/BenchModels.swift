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

  @Option(help: ArgumentHelp("How matrices are stored. (default: as in the file; f16 of a synthetic model)", valueName: "type"))
  var weights: WeightOption?

  @Option(help: ArgumentHelp("A folder for the models that are made; without it, they are gone in the end.", valueName: "folder"))
  var keep: String?

  func validate() throws {
    guard (model == nil) != (synthetic == nil) else { throw ValidationError("give either a model (-m) or a shape (--synthetic)") }
  }

  /// Hands the model to `body`; what was made and is not to be kept is removed afterwards.
  func withModel<Result>(_ body: (BenchModel) throws -> Result) throws -> Result {
    let folder =
      keep.map { URL(fileURLWithPath: $0) }
      ?? FileManager.default.temporaryDirectory.appendingPathComponent("quell-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { if keep == nil { try? FileManager.default.removeItem(at: folder) } }
    if let model { return try body(BenchModel(path: model, weights: weights?.type ?? .source, folder: folder)) }
    let shape = try naming("--synthetic") { try DecoderShape(synthetic ?? "") }
    let path = folder.appendingPathComponent("synthetic.gguf").path
    // A file of 4-bit integers cannot be laid out anew: it is made of a wider one. Ternary matrices stay ternary.
    try write(shape, weights == .int4 ? .f16 : weights?.type ?? .f16, to: path)
    return try body(BenchModel(path: path, weights: weights == .int4 ? .int4 : .source, folder: folder))
  }

  private func write(_ shape: DecoderShape, _ weights: WeightType, to path: String) throws {
    var progress = Progress("making \(synthetic ?? "")", in: .bytes)
    defer { progress.finish() }
    try naming(path) {
      let options = ImportOptions(weights: weights, name: synthetic) { done, total in
        progress.update(done, of: total)
        return !Interruption.isRequested
      }
      try writeSyntheticModel(shape, to: path, options: options)
    }
  }
}

/// A model with a folder for copies of it that are laid out for how sparse their sites are.
final class BenchModel {
  /// The model as it was given or made.
  let base: Model
  private let path: String
  private let weights: WeightType
  private let folder: URL
  /// Copies by which matrices lie otherwise in them.
  private var copies: [[Int: MatrixLayout]: Model] = [:]

  init(path: String, weights: WeightType, folder: URL) throws {
    base = try naming(path) { try Model(path: path) }
    self.path = path
    self.weights = weights
    self.folder = folder
  }

  /// The model in the type of weights that was asked for.
  func converted() throws -> Model { try copy(changing: [:], for: nil) }

  /// The same as it lies best where that fraction of the inputs is quiet at each site.
  func laidOut(for siteSparsity: [Double]) throws -> Model {
    let ternary = Set(base.tensors.indices.filter { base.tensors[$0].format == .ternary })
    return try copy(changing: MatrixLayouts(base.operations, ternary: ternary, siteSparsity: siteSparsity).changes, for: siteSparsity)
  }

  private func copy(changing changes: [Int: MatrixLayout], for siteSparsity: [Double]?) throws -> Model {
    if changes.isEmpty, weights == .source { return base }
    if let copy = copies[changes] { return copy }
    let output = folder.appendingPathComponent("layout-\(copies.count + 1).gguf").path
    try ModelConversion.run(path, to: output, ConversionOptions(weights: weights, siteSparsity: siteSparsity))
    let copy = try naming(output) { try Model(path: output) }
    copies[changes] = copy
    return copy
  }
}
