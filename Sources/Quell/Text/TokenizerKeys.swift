import CQuell

/// What the tokenizer keys of a model file hold. docs/FORMAT.md defines them.
struct TokenizerKeys {
  var model: UnsafeRawBufferPointer?
  var splitRule: UnsafeRawBufferPointer?
  var tokens: StringArray?
  var types: WordArray?
  var merges: StringArray?
  var beginning: Int?
  var end: Int?
  var addsBeginning: Bool?
  var addsSpace: Bool?

  /// The keys that every tokenizer has, or nil where the model has no tokenizer.
  func required() throws(Failure) -> (tokens: StringArray, types: WordArray, merges: StringArray)? {
    if model == nil, splitRule == nil, tokens == nil, types == nil, merges == nil { return nil }
    guard let model, model.equals("gpt2"), let splitRule, splitRule.equals("gpt-2") else {
      throw Failure(
        QUELL_UNSUPPORTED, "the tokenizer is not byte-level BPE with GPT-2's split rule (tokenizer.ggml.model 'gpt2', .pre 'gpt-2')")
    }
    guard let tokens, let types, let merges else {
      throw Failure(
        QUELL_MALFORMED, "the tokenizer lacks one of its keys (tokenizer.ggml.tokens, token_type, merges); import the model anew")
    }
    guard types.count == tokens.count else {
      throw Failure(QUELL_MALFORMED, "tokenizer.ggml.token_type has ").then(types.count).then(" elements for ").then(tokens.count)
        .then(" tokens").at(types.offset)
    }
    return (tokens, types, merges)
  }
}
