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
  /// Asked now and then; once it says yes the import ends with a failure of kind `cancelled` and leaves nothing behind.
  public var isCancelled: () -> Bool

  /// Weights as precise as the model has them, no name, no tokenizer, no reference, no further keys, not to be cancelled.
  public init(
    weights: WeightType = .source, name: String? = nil, tokenizer: String? = nil, reference: ReferenceLogits? = nil,
    metadata: [GGUFPair] = [],
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.weights = weights
    self.name = name
    self.tokenizer = tokenizer
    self.reference = reference
    self.metadata = metadata
    self.isCancelled = isCancelled
  }
}
