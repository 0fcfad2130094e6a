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
  var normalizer: UnsafeRawBufferPointer?
  var normalizedTokens: WordArray?

  /// The keys that every tokenizer has, or nil where the model has no tokenizer.
  func required() throws(Failure) -> (tokens: StringArray, types: WordArray, merges: StringArray)? {
    if model == nil, splitRule == nil, tokens == nil, types == nil, merges == nil { return nil }
    guard let model, model.equals("gpt2"), let splitRule, splitRule.equals("gpt-2") else {
      throw Failure(
        QUELL_UNSUPPORTED, "the tokenizer is not byte-level BPE with GPT-2's split rule (tokenizer.ggml.model 'gpt2', .pre 'gpt-2')")
    }
    if let normalizer, !normalizer.equals("nfc") {
      throw Failure(QUELL_UNSUPPORTED, "the tokenizer's normalizer '").then(normalizer).then(
        "' is not supported; 'nfc' is the only one (tokenizer.ggml.normalizer)")
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

  /// Checks the list of tokens that are looked for in normalised text, given the types of all tokens.
  func checkNormalized(_ types: WordArray) throws(Failure) {
    guard let list = normalizedTokens else { return }
    for index in 0..<list.count {
      let token = list[index]
      guard token < types.count, TokenKind(rawValue: types[Int(token)])?.isMatchedWhole == true, index == 0 || list[index - 1] < token
      else {
        throw Failure(QUELL_MALFORMED, "element ").then(index).then(
          " of tokenizer.ggml.normalized_tokens is not the id of a control or added token, or not greater than the one before it"
        ).at(list.offset)
      }
    }
  }

  /// Whether a token is looked for in normalised text, by the list that was checked.
  func isNormalized(_ token: Int) -> Bool {
    guard let list = normalizedTokens else { return false }
    var (low, high) = (0, list.count)
    while low < high {
      let middle = low + (high - low) / 2
      if list[middle] < token { low = middle + 1 } else { high = middle }
    }
    return low < list.count && list[low] == token
  }
}
