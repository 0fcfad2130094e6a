/// What an import found and made of it.
public struct ImportReport: Sendable {
  /// The input of a linear operation.
  public struct Site: Sendable {
    /// The name, such as `layers.0.self_attn.q_proj+k_proj+v_proj`.
    public var name: String
    /// What it feeds, the same for all layers.
    public var kind: String
    /// Length of the vector.
    public var inputs: Int
    /// Outputs of all linear operations that it feeds.
    public var outputs: Int
    /// What magnitudes must exceed there, as the graph says; 0 where it says nothing.
    public var threshold: Float
  }

  /// What was put together so that a step does less.
  public struct Fusion: Sendable {
    /// Linear operations that became one with others over the same input.
    public var linears: Int
    /// The wide matrices that hold them.
    public var matrices: Int
    /// Runs of elementwise operations that go through memory once, tile by tile.
    public var chains: Int
    /// Elementwise operations in chains.
    public var elementwise: Int
    /// Lists of events that are made by the chain that makes their vector.
    public var eventLists: Int
    /// Copies of new state that were avoided by writing it where it belongs.
    public var copies: Int
  }

  /// How matrices and tables of one kind are stored in the model file.
  public struct Storage: Sendable {
    /// The kind of the site that they serve; `embedding` and `positions` for tables.
    public var kind: String
    /// How many there are.
    public var matrices: Int
    /// The type in the source, such as `f32` or `uint8`.
    public var source: String
    /// The type in the model file.
    public var stored: String
    /// Whether the numbers are the same, and none was rounded.
    public var isKept: Bool
  }

  /// The program that wrote the model, as it says.
  public var producer: String
  /// The version of the standard operator set.
  public var opset: Int
  /// Nodes of the graph that a step needs.
  public var nodes: Int
  /// The inputs of the graph with what they were found to be.
  public var inputs: [String]
  /// Attentions that were put together from their parts.
  public var attentions: Int
  /// Normalisations that were put together from their parts.
  public var normalizations: Int
  /// Biases and gains that went into the operation before them.
  public var folded: Int
  /// Linear operations whose input went through a threshold, which became their site's.
  public var thresholds: Int
  /// What was put together so that a step does less.
  public var fusion: Fusion
  /// Quantisations of computed vectors that were left out: the program computes in floating point.
  public var quantizations: Int
  /// Operations of the program.
  public var operations: Int
  /// Floats of recurrent state.
  public var stateSize: Int
  /// Floats of scratch memory.
  public var scratchSize: Int
  /// How many logits a step gives.
  public var vocabularySize: Int
  /// The greatest number of positions, 0 where nothing limits it.
  public var contextLength: Int
  /// The sites, in the order of the program.
  public var sites: [Site]
  /// How the weights are stored.
  public var storage: [Storage]
  /// How far the model is from the reference that the import was given; nil without one.
  public var agreement: ReferenceAgreement?
}
