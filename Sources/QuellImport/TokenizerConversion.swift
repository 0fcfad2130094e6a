import Quell

/// The way from the parts of a `tokenizer.json` to keys of a model file, with all the reasons to refuse.
struct TokenizerConversion {
  private enum Kind: Int32 {
    case normal = 1
    case control = 3
    case added = 4
    case unused = 5
  }

  /// GPT-2's split rule as its authors wrote it, and as later tokenizers do.
  private static let splitRules = [
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
    #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
  ]
  /// The tokens that end a text where no configuration says so.
  private static let conventionalEnds = ["<|endoftext|>", "</s>"]

  private let file: TokenizerFile
  private let names: TokenizerConfiguration?
  private let vocabularySize: Int
  private let added: [TokenizerFile.AddedToken]

  init(_ file: TokenizerFile, _ names: TokenizerConfiguration?, vocabularySize: Int) {
    self.file = file
    self.names = names
    self.vocabularySize = vocabularySize
    added = file.addedTokens ?? []
  }

  func pairs() throws(ImportFailure) -> [GGUFPair] {
    try checkModel()
    let isNormalizing = try readNormalizer()
    try checkDecoder()
    try checkAddedTokens(isNormalizing: isNormalizing)
    let addsSpace = try readPreTokenizer()
    let template = try readPostProcessor()
    let (tokens, kinds) = try makeTokens()
    var pairs = [
      GGUFPair("tokenizer.ggml.model", .string("gpt2")),
      GGUFPair("tokenizer.ggml.pre", .string("gpt-2")),
      GGUFPair("tokenizer.ggml.tokens", .stringArray(tokens)),
      GGUFPair("tokenizer.ggml.token_type", .int32Array(kinds.map(\.rawValue))),
      GGUFPair("tokenizer.ggml.merges", .stringArray(try makeMerges())),
    ]
    var (beginning, end) = try ends()
    if let template { beginning = template }
    if let beginning { pairs.append(GGUFPair("tokenizer.ggml.bos_token_id", .uint32(beginning))) }
    if let end { pairs.append(GGUFPair("tokenizer.ggml.eos_token_id", .uint32(end))) }
    if template != nil { pairs.append(GGUFPair("tokenizer.ggml.add_bos_token", .bool(true))) }
    if addsSpace { pairs.append(GGUFPair("tokenizer.ggml.add_space_prefix", .bool(true))) }
    if isNormalizing { pairs.append(GGUFPair("tokenizer.ggml.normalizer", .string("nfc"))) }
    let normalized = try normalizedTokens(isNormalizing: isNormalizing)
    if !normalized.isEmpty { pairs.append(GGUFPair("tokenizer.ggml.normalized_tokens", .uint32Array(normalized))) }
    return pairs
  }

  // MARK: What is asked for beside the vocabulary

  private func checkModel() throws(ImportFailure) {
    let model = file.model
    if model.dropout ?? 0 != 0 { throw .unsupported("the tokenizer merges at random (dropout); set model.dropout to null") }
    if let prefix = model.wordPrefix, !prefix.isEmpty { throw notByteLevel("has continuing_subword_prefix '\(prefix)'") }
    if let suffix = model.wordSuffix, !suffix.isEmpty { throw notByteLevel("has end_of_word_suffix '\(suffix)'") }
    if model.byteFallback == true { throw notByteLevel("has byte_fallback") }
    if model.ignoresMerges == true { throw .unsupported("ignore_merges is not supported") }
    if let unknown = model.unknownToken {
      for byte in UInt8.min...UInt8.max where model.vocabulary[ByteAlphabet.text(for: byte)] == nil {
        throw .unsupported("the vocabulary lacks byte \(byte), for which unk_token '\(unknown)' would stand; that is not supported")
      }
    }
  }

  /// Whether text is brought into Unicode's normalization form C.
  private func readNormalizer() throws(ImportFailure) -> Bool {
    let steps = file.normalizer?.steps ?? []
    for step in steps where step.type != "NFC" { throw .unsupported("the normalizer \(step.type) is not supported; NFC is the only one") }
    return !steps.isEmpty
  }

  private func checkDecoder() throws(ImportFailure) {
    let types = file.decoder?.steps.map(\.type) ?? []
    guard types == ["ByteLevel"] else { throw notByteLevel("has the decoder \(list(types))") }
  }

  /// Whether a text begins with a space even where it does not.
  private func readPreTokenizer() throws(ImportFailure) -> Bool {
    let steps = file.preTokenizer?.steps ?? []
    if steps.count == 1, steps[0].type == "ByteLevel" {
      guard steps[0].usesRegex ?? true else { throw .unsupported("the pre-tokenizer does not split text into words (use_regex is false)") }
      return try addsSpace(steps[0])
    }
    if steps.count == 2, steps[0].type == "Split", steps[1].type == "ByteLevel", steps[1].usesRegex == false {
      guard let rule = steps[0].pattern?.regex, TokenizerConversion.splitRules.contains(rule) else {
        throw .unsupported("the pre-tokenizer splits by a rule of its own: '\(steps[0].pattern?.regex ?? "")'; only GPT-2's is supported")
      }
      guard steps[0].behavior == "Isolated", steps[0].inverts != true, try !addsSpace(steps[1]) else {
        throw .unsupported("the pre-tokenizer splits by GPT-2's rule, but not as GPT-2 does (behavior, invert or add_prefix_space)")
      }
      return false
    }
    throw notByteLevel("has the pre-tokenizer \(list(steps.map(\.type)))")
  }

  private func addsSpace(_ byteLevel: TokenizerFile.Component) throws(ImportFailure) -> Bool {
    guard let addsSpace = byteLevel.addsPrefixSpace else { throw .malformed("the ByteLevel pre-tokenizer has no add_prefix_space") }
    return addsSpace
  }

  /// The token that is put before a text, or nil where there is none.
  private func readPostProcessor() throws(ImportFailure) -> UInt32? {
    let steps = (file.postProcessor?.steps ?? []).filter { $0.type != "ByteLevel" }
    guard let step = steps.first else { return nil }
    guard steps.count == 1, step.type == "TemplateProcessing", let pieces = step.single else {
      throw .unsupported("the post-processor \(list(steps.map(\.type))) is not supported")
    }
    if pieces.count == 1, pieces[0].sequence != nil { return nil }
    guard pieces.count == 2, let name = pieces[0].specialToken?.id, pieces[1].sequence != nil,
      let ids = step.specialTokens?[name]?.ids, ids.count == 1
    else { throw .unsupported("the post-processor's template does more than put one token before the text") }
    return try check(ids[0], "the post-processor's token '\(name)'")
  }

  // MARK: Added tokens

  private func checkAddedTokens(isNormalizing: Bool) throws(ImportFailure) {
    for token in added {
      guard !token.content.isEmpty else { throw .malformed("the added token \(token.id) is empty") }
      guard !token.isSingleWord, !token.stripsLeft, !token.stripsRight else {
        throw .unsupported("the added token '\(token.content)' is matched with single_word, lstrip or rstrip; that is not supported")
      }
      // The library looks for such a token as it is once normalized, but decodes it as it is written.
      guard !isNormalizing || !token.isNormalized || Tokenizer.isNormalized(token.content) else {
        throw .unsupported("the added token '\(token.content)' is looked for in normalized text, but is not normalized itself")
      }
    }
  }

  /// The ids of the added tokens that are looked for in normalized text, after all others were found; none where that is all one.
  private func normalizedTokens(isNormalizing: Bool) throws(ImportFailure) -> [UInt32] {
    guard isNormalizing || added.contains(where: { !$0.isNormalized }) else { return [] }
    var ids: [UInt32] = []
    for token in added where token.isNormalized { ids.append(try check(token.id, "'\(token.content)'")) }
    return ids.sorted()
  }

  // MARK: Tables

  private func makeTokens() throws(ImportFailure) -> (tokens: [String], kinds: [Kind]) {
    var tokens = [String](repeating: "", count: vocabularySize)
    var kinds = [Kind](repeating: .unused, count: vocabularySize)
    func place(_ id: Int, _ text: String, _ kind: Kind) throws(ImportFailure) {
      let id = Int(try check(id, "'\(text)'"))
      guard kinds[id] == .unused else { throw .malformed("the tokens '\(tokens[id])' and '\(text)' have the same id \(id)") }
      tokens[id] = text
      kinds[id] = kind
    }
    for token in added {
      if let id = file.model.vocabulary[token.content], id != token.id {
        throw .malformed("the added token '\(token.content)' has the ids \(id) and \(token.id)")
      }
      let text = token.content.utf8.map { ByteAlphabet.text(for: $0) }.joined()
      try place(token.id, text, token.isSpecial ? .control : .added)
    }
    let addedTexts = Set(added.map(\.content))
    for (text, id) in file.model.vocabulary where !addedTexts.contains(text) {
      guard isInAlphabet(text) else { throw notByteLevel("has the token '\(text)', which is not written in the alphabet of bytes") }
      try place(id, text, .normal)
    }
    return (tokens, kinds)
  }

  private func isInAlphabet(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var alphabet = ByteAlphabet(UnsafeRawBufferPointer(bytes))
      while alphabet.next() != nil {}
      return !bytes.isEmpty && !alphabet.isMalformed
    }
  }

  private func makeMerges() throws(ImportFailure) -> [String] {
    var merges: [String] = []
    merges.reserveCapacity(file.model.merges.count)
    for merge in file.model.merges {
      for text in [merge.left, merge.right, merge.left + merge.right] where file.model.vocabulary[text] == nil {
        throw .malformed("merge \(merges.count) ('\(merge.left)' and '\(merge.right)') needs the token '\(text)', which does not exist")
      }
      merges.append("\(merge.left) \(merge.right)")
    }
    guard Set(merges).count == merges.count else { throw .malformed("a merge stands twice in the list") }
    return merges
  }

  // MARK: Tokens by name

  private func id(of token: TokenizerConfiguration.Token?) throws(ImportFailure) -> UInt32? {
    guard let content = token?.content else { return nil }
    guard let id = added.first(where: { $0.content == content })?.id ?? file.model.vocabulary[content] else {
      throw .malformed("tokenizer_config.json names the token '\(content)', which does not exist")
    }
    return try check(id, "'\(content)'")
  }

  /// The tokens that begin and end a text, by the configuration or, without one, by convention.
  private func ends() throws(ImportFailure) -> (beginning: UInt32?, end: UInt32?) {
    if let names { return (try id(of: names.beginning), try id(of: names.end)) }
    for content in TokenizerConversion.conventionalEnds {
      guard let token = added.first(where: { $0.isSpecial && $0.content == content }) else { continue }
      let id = try check(token.id, "'\(content)'")
      return (id, id)
    }
    return (nil, nil)
  }

  private func check(_ id: Int, _ what: String) throws(ImportFailure) -> UInt32 {
    guard id >= 0, id < vocabularySize else {
      throw .malformed("\(what) has the id \(id), but the model knows \(vocabularySize) tokens: the tokenizer belongs to another model")
    }
    return UInt32(id)
  }

  // MARK: Messages

  private func notByteLevel(_ what: String) -> ImportFailure {
    .unsupported("the tokenizer \(what): it is not byte-level BPE, the only kind that can be used")
  }

  private func list(_ types: [String]) -> String { types.isEmpty ? "none" : types.joined(separator: ", ") }
}

extension ByteAlphabet {
  /// A byte as it is written in the alphabet.
  fileprivate static func text(for byte: UInt8) -> String { Unicode.Scalar(character(for: byte)).map { String($0) } ?? "" }
}
