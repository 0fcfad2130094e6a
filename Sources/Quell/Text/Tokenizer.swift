import CQuell

/// Byte-level byte-pair encoding: turns text into tokens and back, as GPT-2 and its descendants do.
///
/// A view into the memory of an open model, which must outlive it; one that a ``Model`` hands out keeps that model alive. Immutable,
/// and so used by any number of threads at once.
public struct Tokenizer: @unchecked Sendable {
  private let vocabulary: Vocabulary
  private let merges: MergeTable
  private let rules: TextParts.Rules
  /// Whether encoding puts ``beginning`` before a text.
  public let addsBeginning: Bool
  /// The token that begins a text, or nil where the model has none.
  public let beginning: UInt32?
  /// The token that ends a text, or nil where the model has none.
  public let end: UInt32?
  #if !hasFeature(Embedded)
    /// Keeps alive what the tables are views into.
    var owner: Model?
  #endif

  /// How many tokens there are; the ids are below it.
  public var count: Int { vocabulary.count }

  /// Bytes of the longest token.
  public var longestToken: Int { vocabulary.longest }

  /// Reads the tokenizer of a model file whose step gives `vocabularySize` logits; the tables are made in memory of the arena.
  ///
  /// Nil where the arena only counts, and where the model has no tokenizer. The cost is linear in the size of the keys.
  static func open(_ keys: TokenizerKeys, vocabularySize: Int, in arena: inout Arena) throws(Failure) -> Tokenizer? {
    guard let (tokens, types, texts) = try keys.required() else { return nil }
    guard tokens.count <= vocabularySize else {
      throw Failure(QUELL_MALFORMED, "the tokenizer has ").then(tokens.count).then(" tokens, but the model only ").then(vocabularySize)
        .then(" logits: it belongs to another model").at(tokens.offset)
    }
    guard keys.beginning ?? -1 < tokens.count, keys.end ?? -1 < tokens.count else {
      throw Failure(QUELL_MALFORMED, "tokenizer.ggml.bos_token_id or eos_token_id is not the id of a token")
    }
    if keys.addsBeginning == true, keys.beginning == nil {
      throw Failure(QUELL_MALFORMED, "tokenizer.ggml.add_bos_token is set, but there is no tokenizer.ggml.bos_token_id")
    }
    try keys.checkNormalized(types)
    let vocabulary = try Vocabulary.open(tokens, types, in: &arena)
    let merges = try MergeTable.open(texts, of: vocabulary, in: &arena)
    let added = try AddedTokens.open(types, keys, normalized: false, of: vocabulary, in: &arena)
    let addedToNormalized = try AddedTokens.open(types, keys, normalized: true, of: vocabulary, in: &arena)
    guard let vocabulary, let merges, let added, let addedToNormalized else { return nil }
    let rules = TextParts.Rules(
      added: added, addedToNormalized: addedToNormalized, isNormalizing: keys.normalizer != nil, addsSpace: keys.addsSpace ?? false)
    return Tokenizer(
      vocabulary: vocabulary, merges: merges, rules: rules, addsBeginning: keys.addsBeginning ?? false,
      beginning: keys.beginning.map { UInt32($0) }, end: keys.end.map { UInt32($0) })
  }

  // MARK: Encoding

  /// How many bytes of scratch memory ``encode(_:into:scratch:addingBeginning:)`` needs for a text.
  ///
  /// It is 28 for each byte of the longest word, normalised where the tokenizer does that, and with 3 bytes for what is no UTF-8: few
  /// hundred bytes for any prose. The cost is linear in the length of the text.
  public func requiredScratch(for text: UnsafeBufferPointer<UInt8>) -> Int {
    var longest = 0
    var parts = TextParts(text, rules)
    while let part = parts.next() {
      guard case .word(let word, let afterSpace) = part else { continue }
      var symbols = 0
      forEachByte(of: word, afterSpace: afterSpace) { _ in symbols += 1 }
      longest = max(longest, symbols)
    }
    return WordMerger.requiredBytes(symbols: longest)
  }

  /// Encodes a text, and returns how many tokens it has.
  ///
  /// Tokens beyond the buffer's end are counted, not stored: where the result is greater than the buffer's count, the call is to be
  /// repeated with room for so many. The tokens of a text never outnumber four times its bytes plus 1.
  ///
  /// - Parameters:
  ///   - text: UTF-8. Each maximal run of bytes that is the beginning of a character and not more, and any other byte that is no UTF-8,
  ///     is read as U+FFFD. Texts of special tokens stand for these tokens. It is normalised on the way where the tokenizer does that.
  ///   - buffer: Takes the tokens.
  ///   - scratch: At least ``requiredScratch(for:)`` bytes, of any alignment.
  ///   - addingBeginning: Whether ``beginning`` comes first where the tokenizer ``addsBeginning``.
  /// - Throws: `QUELL_BUFFER_TOO_SMALL` where the scratch memory does not suffice.
  /// - Complexity: n log w for n bytes in words of at most w bytes. Bytes that the tokenizer has no token for are left out.
  public func encode(
    _ text: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableBufferPointer<UInt32>, scratch: UnsafeMutableRawBufferPointer,
    addingBeginning: Bool = true
  ) throws(Failure) -> Int {
    var merger = WordMerger(merges, scratch: scratch)
    var writer = TokenWriter(buffer)
    if addingBeginning, addsBeginning, let beginning { writer.append(beginning) }
    var parts = TextParts(text, rules)
    while let part = parts.next() {
      switch part {
      case .token(let token): writer.append(token)
      case .word(let word, let afterSpace):
        forEachByte(of: word, afterSpace: afterSpace) { byte in
          let token = vocabulary.byteTokens[Int(byte)]
          if token != Vocabulary.absent { merger.append(token) }
        }
        guard merger.finish(into: &writer) else {
          throw Failure(QUELL_BUFFER_TOO_SMALL, "encoding this text needs ").then(requiredScratch(for: text)).then(
            " bytes of scratch memory")
        }
      }
    }
    return writer.count
  }

  private func forEachByte(of word: CharacterReader, afterSpace: Bool, _ visit: (UInt8) -> Void) {
    if afterSpace { visit(UInt8(ascii: " ")) }
    var reader = word
    while let character = reader.current {
      for byte in EncodedCharacter(character) { visit(byte) }
      reader.advance()
    }
  }

  // MARK: Decoding

  /// The bytes of a token, part of a text in UTF-8 and not always whole characters; none for an id that the vocabulary leaves unused.
  ///
  /// - Throws: `QUELL_TOKEN_OUT_OF_RANGE` where the id is not below ``count``.
  public func bytes(of token: UInt32) throws(Failure) -> UnsafeBufferPointer<UInt8> {
    try check(token)
    return vocabulary.bytes(of: Int(token))
  }

  /// Whether a token steers the model rather than stand for text, such as the one that ends a text.
  ///
  /// - Throws: `QUELL_TOKEN_OUT_OF_RANGE` where the id is not below ``count``.
  public func isControl(_ token: UInt32) throws(Failure) -> Bool {
    try check(token)
    return vocabulary.kind(of: Int(token)) == .control
  }

  /// Writes the bytes of tokens one after the other, and returns how many there are.
  ///
  /// Bytes beyond the buffer's end are counted, not stored: where the result is greater than the buffer's count, the call is to be
  /// repeated with room for so many.
  ///
  /// - Parameters:
  ///   - tokens: The ids.
  ///   - buffer: Takes the bytes.
  ///   - skippingControl: Whether control tokens are left out.
  /// - Throws: `QUELL_TOKEN_OUT_OF_RANGE` where an id is not below ``count``.
  public func decode(
    _ tokens: UnsafeBufferPointer<UInt32>, into buffer: UnsafeMutableBufferPointer<UInt8>, skippingControl: Bool = false
  ) throws(Failure) -> Int {
    var count = 0
    for token in tokens {
      if skippingControl, try isControl(token) { continue }
      for byte in try bytes(of: token) {
        if count < buffer.count { buffer[count] = byte }
        count += 1
      }
    }
    return count
  }

  private func check(_ token: UInt32) throws(Failure) {
    guard token < count else {
      throw Failure(QUELL_TOKEN_OUT_OF_RANGE, "token ").then(Int(clamping: token)).then(" is out of range: the tokenizer has ").then(count)
        .then(" tokens")
    }
  }
}
