/// What a token is for, as `tokenizer.ggml.token_type` says it.
enum TokenKind: UInt32 {
  /// Made by merging bytes.
  case normal = 1
  /// Matched as a whole, and left out of decoded text on demand.
  case control = 3
  /// Matched as a whole, but ordinary text.
  case added = 4
  /// An id without a text.
  case unused = 5

  var isMatchedWhole: Bool { self == .control || self == .added }
}
