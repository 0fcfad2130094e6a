/// How the matrices and tables of a model are stored; vectors are always in single precision.
public enum WeightType: Sendable {
  /// Single precision.
  case f32
  /// Half precision, rounded to the nearest even.
  case f16
  /// The upper half of single precision, rounded to the nearest even.
  case bf16
  /// 8-bit integers with a scale for each output of a matrix and each row of a table: its greatest magnitude is 127. Quantised
  /// weights that such integers hold exactly are kept as they are.
  case int8
  /// 4-bit integers in blocks of 32 with a scale each; 8-bit ones where rows are no whole number of blocks.
  case int4
  /// As the model has them: single precision, half precision and bf16 stay; quantised weights stay where 8-bit integers hold
  /// them exactly, and become half precision elsewhere.
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

  /// Weights as the model has them, no name, no tokenizer, no reference, no further keys, nobody to tell.
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
