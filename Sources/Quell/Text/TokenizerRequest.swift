/// What is asked of a function that opens a model's tokenizer, and its answer.
///
/// The tokenizer is opened through a pointer to a function so that a program which hands over none is linked without all that
/// tokenizers are made of: on a board that is a good part of its flash.
struct TokenizerRequest {
  let keys: TokenizerKeys
  let vocabularySize: Int
  /// Where the tokenizer's tables go.
  var arena: Arena
  /// Nil where the model has no tokenizer, and where the arena only counts.
  var tokenizer: Tokenizer?
  var failure: Failure?
}
