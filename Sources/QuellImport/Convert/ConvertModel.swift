import Quell

/// What the matrices of a model meet.
public enum ActivationType: Sendable {
  /// Numbers as the model makes them.
  case source
  /// Whole numbers of 8 bits, as the matrices of a ternary model do: each vector is scaled by its greatest magnitude and rounded.
  case int8
}

/// What a conversion may be told.
public struct ConversionOptions {
  /// How matrices and tables are stored; `source` leaves them as they are.
  public var weights: WeightType
  /// What matrices meet; `int8` is for those of 8-bit integers.
  public var activations: ActivationType
  /// The threshold of each site; nil keeps those of the file.
  public var thresholds: [Float]?
  /// For each site the fraction of its inputs that is quiet, by which matrices are laid out; nil leaves them as they are.
  public var siteSparsity: [Double]?
  /// Told how far the conversion is, in bytes, and of how many; says whether to go on.
  public var progress: (_ done: Int, _ total: Int) -> Bool

  /// Everything as it is in the file.
  public init(
    weights: WeightType = .source, activations: ActivationType = .source, thresholds: [Float]? = nil, siteSparsity: [Double]? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
  ) {
    self.weights = weights
    self.activations = activations
    self.thresholds = thresholds
    self.siteSparsity = siteSparsity
    self.progress = progress
  }
}

/// Writes a model file again, with other weight types, activations, thresholds or layouts. The tokenizer and all other keys stay.
///
/// The result appears under its name only when it is complete and has run. Memory stays small whatever the size.
///
/// - Returns: How many matrices changed their layout.
/// - Throws: `ImportFailure`, as an import does.
@discardableResult
public func convertModel(from path: String, to output: String, options: ConversionOptions) throws(ImportFailure) -> Int {
  var changed = 0
  try rewriteModel(from: path, to: output, weights: options.weights, progress: options.progress) { program, model throws(ImportFailure) in
    if let thresholds = options.thresholds { program.siteThresholds = thresholds }
    let ternary = Set(program.tensors.indices.filter { program.tensors[$0].takesWholeBytes })
    let layouts = options.siteSparsity.map { MatrixLayouts(program.operations, ternary: ternary, siteSparsity: $0) }
    if let layouts { program.layOut(layouts) }
    changed = layouts?.changes.count ?? 0
    if options.activations == .int8 {
      try requireIntegers(model, options.weights, path)
      program.roundActivations()
    }
  }
  return changed
}

/// Refuses activations of 8 bits where matrices will not be of 8-bit integers, since these would gain nothing.
private func requireIntegers(_ model: Model, _ weights: WeightType, _ path: String) throws(ImportFailure) {
  if weights == .int8 { return }
  let tensors = model.tensors
  for case .linear(let matrix, _, _, _, _) in model.operations where weights != .source || !tensors[matrix].format.takesScale {
    throw .unsupported(
      "Tensor \"\(tensors[matrix].name)\" of \(path) would not be stored as 8-bit integers, and 8-bit activations are for these: "
        + "convert with int8 weights.")
  }
}

/// Writes the program of a model file again after a change. The tokenizer and all other keys stay.
func rewriteModel(
  from path: String, to output: String, weights: WeightType, progress: @escaping (_ done: Int, _ total: Int) -> Bool,
  _ change: (inout Program, Model) throws(ImportFailure) -> Void
) throws(ImportFailure) {
  let file = try MappedFile(path: path)
  guard !isSameFile(path, output) else { throw .unwritable("\(output) is the model itself; name another file.") }
  let model: Model
  do throws(Failure) { model = try Model(path: path) } catch { throw .malformed("\(path): \(error).") }
  var program = try Program(model, file: file)
  try change(&program, model)
  let others = model.entries.filter {
    !$0.key.hasPrefix("quell.") && !["general.architecture", "general.alignment", "general.name"].contains($0.key)
  }
  let written = ImportOptions(weights: weights, metadata: others.map { GGUFPair($0.key, .encoded($0.value)) }, progress: progress)
  try program.store(to: output, written, name: model.name)
}
