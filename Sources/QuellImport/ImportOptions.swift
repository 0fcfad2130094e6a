/// How the matrices and tables of a model are stored; vectors are always in single precision.
public enum WeightType: Sendable {
  /// Single precision.
  case f32
  /// Half precision, rounded to the nearest even.
  case f16
  /// Half precision where the model has it, else single precision.
  case source
}

/// What an import may be told.
public struct ImportOptions {
  /// How matrices and tables are stored.
  public var weights: WeightType
  /// The name of the model for people; without one, the name of the file.
  public var name: String?
  /// The path of the model's `tokenizer.json`, which goes into the model file; nil for a model without text.
  public var tokenizer: String?
  /// What to hold the logits of the written model against; nil for nothing.
  public var reference: ReferenceLogits?
  /// More keys for the model file.
  public var metadata: [GGUFPair]
  /// Told now and then, on the importing thread, how far the import is: bytes of the source's weights that are in the model
  /// file, and all of them; both are 0 while the graph is read. Says whether to go on: after a no the import ends with a
  /// failure of kind `cancelled` and leaves nothing behind.
  public var progress: (_ done: Int, _ total: Int) -> Bool

  /// Weights as precise as the model has them, no name, no tokenizer, no reference, no further keys, nobody to tell.
  public init(
    weights: WeightType = .source, name: String? = nil, tokenizer: String? = nil, reference: ReferenceLogits? = nil,
    metadata: [GGUFPair] = [],
    progress: @escaping (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
  ) {
    self.weights = weights
    self.name = name
    self.tokenizer = tokenizer
    self.reference = reference
    self.metadata = metadata
    self.progress = progress
  }
}
