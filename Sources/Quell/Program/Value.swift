/// A vector of 32-bit floats that operations read and write.
public struct Value: Hashable, Sendable {
  /// Where the numbers are.
  public enum Storage: UInt32, Sendable {
    /// In the file: `offset` is the number of a tensor. Read-only.
    case weight = 0
    /// In the recurrent state, which lives from token to token.
    case state = 1
    /// In scratch memory, which means nothing after a step except for the logits.
    case scratch = 2
  }

  /// Where the numbers are.
  public let storage: Storage
  /// The number of the tensor, or the first float within state or scratch.
  public let offset: Int
  /// How many numbers.
  public let count: Int

  /// A value.
  public init(storage: Storage, offset: Int, count: Int) {
    self.storage = storage
    self.offset = offset
    self.count = count
  }
}

/// One key/value cache: what an attention keeps of every position.
public struct Cache: Equatable, Sendable {
  /// Floats of a key over all heads.
  public let keyWidth: Int
  /// Floats of a value over all heads.
  public let valueWidth: Int
  /// Key/value heads.
  public let heads: Int

  /// A cache.
  public init(keyWidth: Int, valueWidth: Int, heads: Int) {
    self.keyWidth = keyWidth
    self.valueWidth = valueWidth
    self.heads = heads
  }
}
