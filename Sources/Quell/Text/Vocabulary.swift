import CQuell

/// The bytes and the kind of every token, and the token of every run of bytes.
struct Vocabulary {
  static let absent = UInt32.max
  /// So that no text makes a search for tokens matched as a whole slow.
  static let maximumAddedLength = 1024
  private static let maximumCount = 1 << 24

  private let kinds: WordArray
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  /// Where the bytes of each token begin, and after the last one where they end.
  private let starts: UnsafeMutableBufferPointer<UInt32>
  private var index: HashIndex
  /// The token of each single byte, or ``absent``.
  let byteTokens: UnsafeMutableBufferPointer<UInt32>
  /// Bytes of the longest token.
  private(set) var longest = 0

  var count: Int { kinds.count }

  /// Reads the tokens; the tables are made in memory of the arena. Nil where the arena only counts.
  static func open(_ tokens: StringArray, _ types: WordArray, in arena: inout Arena) throws(Failure) -> Vocabulary? {
    guard tokens.count <= maximumCount else {
      throw Failure(QUELL_UNSUPPORTED, "the tokenizer has ").then(tokens.count).then(" tokens; 16777216 are the most that can be used")
        .at(tokens.offset)
    }
    var byteCount = 0
    for token in tokens { byteCount += ByteAlphabet.byteCount(token) }
    guard byteCount <= Int(UInt32.max >> 1) else {
      throw Failure(QUELL_UNSUPPORTED, "the tokens have more than 2 GiB of text").at(tokens.offset)
    }
    let bytes = arena.take(byteCount, of: UInt8.self)
    let starts = arena.take(tokens.count + 1, of: UInt32.self)
    let slots = arena.take(HashIndex.slotCount(for: tokens.count), of: UInt32.self)
    let byteTokens = arena.take(256, of: UInt32.self)
    guard let bytes, let starts, let slots, let byteTokens else { return nil }
    byteTokens.initialize(repeating: absent)
    var vocabulary = Vocabulary(kinds: types, bytes: bytes, starts: starts, index: HashIndex(slots), byteTokens: byteTokens)
    try vocabulary.readTokens(tokens)
    try vocabulary.indexTokens { $0 == .normal }
    // A token that is matched as a whole can be the result of merges too, where no normal token has its bytes.
    try vocabulary.indexTokens { $0.isMatchedWhole }
    return vocabulary
  }

  private init(
    kinds: WordArray, bytes: UnsafeMutableBufferPointer<UInt8>, starts: UnsafeMutableBufferPointer<UInt32>, index: HashIndex,
    byteTokens: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.kinds = kinds
    self.bytes = bytes
    self.starts = starts
    self.index = index
    self.byteTokens = byteTokens
  }

  /// The bytes of a token below ``count``; none for an unused one.
  func bytes(of token: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[Int(starts[token])..<Int(starts[token + 1])])
  }

  /// The kind of a token below ``count``.
  func kind(of token: Int) -> TokenKind { TokenKind(rawValue: kinds[token]) ?? .unused }

  /// The token whose bytes have the hash and `match`, or nil.
  func token(_ hash: ByteHash, _ matches: (UnsafeBufferPointer<UInt8>) -> Bool) -> Int? {
    index.find(hash.value) { matches(bytes(of: $0)) }
  }

  // MARK: Reading

  private mutating func readTokens(_ tokens: StringArray) throws(Failure) {
    var end = 0
    var token = 0
    for text in tokens {
      guard let kind = TokenKind(rawValue: kinds[token]) else {
        throw Failure(QUELL_UNSUPPORTED, "token ").then(token).then(" is of type ").then(Int(clamping: kinds[token])).then(
          "; 1, 3, 4 and 5 can be used"
        )
        .at(kinds.offset + 4 * token)
      }
      starts[token] = UInt32(end)
      if kind != .unused {
        let first = end
        var alphabet = ByteAlphabet(text)
        while let byte = alphabet.next() {
          bytes[end] = byte
          end += 1
        }
        guard !alphabet.isMalformed else { throw malformed(token, "is not written in GPT-2's alphabet of bytes", tokens) }
        guard end > first else { throw malformed(token, "is empty, but not of the unused type", tokens) }
        if kind.isMatchedWhole {
          guard end - first <= Vocabulary.maximumAddedLength else { throw malformed(token, "is longer than 1024 bytes", tokens) }
        }
        longest = max(longest, end - first)
      }
      token += 1
    }
    starts[token] = UInt32(end)
  }

  private mutating func indexTokens(_ isWanted: (TokenKind) -> Bool) throws(Failure) {
    for token in 0..<count {
      let kind = kind(of: token)
      guard isWanted(kind) else { continue }
      let text = bytes(of: token)
      var hash = ByteHash()
      for byte in text { hash.combine(byte) }
      if let earlier = self.token(hash, { $0.elementsEqual(text) }) {
        if kind.isMatchedWhole, self.kind(of: earlier) == .normal { continue }
        throw Failure(QUELL_MALFORMED, "tokens ").then(earlier).then(" and ").then(token).then(" of the tokenizer have the same text")
      }
      guard index.insert(token, hash.value) else { throw Failure(QUELL_UNSUPPORTED, "the tokens collide in their hash table") }
      if text.count == 1 { byteTokens[Int(text[0])] = UInt32(token) }
    }
  }

  private func malformed(_ token: Int, _ what: StaticString, _ tokens: StringArray) -> Failure {
    Failure(QUELL_MALFORMED, "token ").then(token).then(" of the tokenizer ").then(what).at(tokens.offset)
  }
}
