import CQuell

/// The tokens that are looked for as whole texts before anything else: the leftmost match wins, of those the longest.
struct AddedTokens {
  /// A token found in a text.
  struct Match {
    let token: UInt32
    let start: CharacterReader
    let end: CharacterReader
  }

  private let vocabulary: Vocabulary
  /// The tokens in the order of their bytes.
  private let sorted: UnsafeMutableBufferPointer<UInt32>
  /// A bit for each byte that a token begins with.
  private var leads = [4 of UInt64](repeating: 0)

  /// Sorts the added tokens of a vocabulary that are looked for in normalised text, or the others; nil where the arena only counts.
  /// `types` and `keys` are known before the vocabulary is.
  static func open(
    _ types: WordArray, _ keys: TokenizerKeys, normalized: Bool, of vocabulary: Vocabulary?, in arena: inout Arena
  ) throws(Failure) -> AddedTokens? {
    func isMember(_ token: Int) -> Bool {
      TokenKind(rawValue: types[token])?.isMatchedWhole == true && keys.isNormalized(token) == normalized
    }
    var count = 0
    for token in 0..<types.count where isMember(token) { count += 1 }
    guard let sorted = arena.take(count, of: UInt32.self), let vocabulary else { return nil }
    var next = 0
    for token in 0..<types.count where isMember(token) {
      sorted.initializeElement(at: next, to: UInt32(token))
      next += 1
    }
    let tokens = AddedTokens(vocabulary: vocabulary, sorted: sorted)
    tokens.sort()
    for position in sorted.indices.dropFirst()
    where tokens.bytes(position).elementsEqual(tokens.bytes(position - 1)) {
      throw Failure(QUELL_MALFORMED, "tokens ").then(Int(sorted[position - 1])).then(" and ").then(Int(sorted[position]))
        .then(" of the tokenizer have the same text")
    }
    return tokens
  }

  private init(vocabulary: Vocabulary, sorted: UnsafeMutableBufferPointer<UInt32>) {
    self.vocabulary = vocabulary
    self.sorted = sorted
    for position in sorted.indices {
      // A token that is matched whole is never empty.
      let lead = Int(bytes(position)[0])
      leads[lead >> 6] |= 1 << UInt64(lead & 63)
    }
  }

  /// The first added token from a place in a text on.
  func firstMatch(from start: CharacterReader) -> Match? {
    guard !sorted.isEmpty else { return nil }
    var reader = start
    while let character = reader.current {
      if mayBegin(character), let match = longestMatch(at: reader) { return match }
      reader.advance()
    }
    return nil
  }

  private func mayBegin(_ character: UInt32) -> Bool {
    let lead = EncodedCharacter(character).lead
    return leads[Int(lead >> 6)] >> UInt64(lead & 63) & 1 != 0
  }

  /// Narrows the sorted list byte by byte to the tokens that begin like the text.
  private func longestMatch(at start: CharacterReader) -> Match? {
    var candidates = 0..<sorted.count
    var match: Match?
    var length = 0
    var reader = start
    while let character = reader.current {
      for byte in EncodedCharacter(character) {
        // Tokens that end here stand before those that go on.
        let first = partition(candidates) { $0.count > length && $0[length] >= byte }
        candidates = first..<partition(first..<candidates.upperBound) { $0.count > length && $0[length] > byte }
        guard !candidates.isEmpty else { return match }
        length += 1
      }
      reader.advance()
      let shortest = candidates.lowerBound
      if bytes(shortest).count == length { match = Match(token: sorted[shortest], start: start, end: reader) }
    }
    return match
  }

  /// The first position of a range whose token, and those of all after it, `isAfter`.
  private func partition(_ range: Range<Int>, _ isAfter: (UnsafeBufferPointer<UInt8>) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if isAfter(bytes(middle)) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func bytes(_ position: Int) -> UnsafeBufferPointer<UInt8> { vocabulary.bytes(of: Int(sorted[position])) }

  // MARK: Sorting

  /// Heapsort: in place, and never slow.
  private func sort() {
    for root in stride(from: sorted.count / 2 - 1, through: 0, by: -1) { siftDown(root, sorted.count) }
    for end in stride(from: sorted.count - 1, to: 0, by: -1) {
      sorted.swapAt(0, end)
      siftDown(0, end)
    }
  }

  private func siftDown(_ start: Int, _ end: Int) {
    var root = start
    while 2 * root + 1 < end {
      var child = 2 * root + 1
      if child + 1 < end, bytes(child).lexicographicallyPrecedes(bytes(child + 1)) { child += 1 }
      guard bytes(root).lexicographicallyPrecedes(bytes(child)) else { return }
      sorted.swapAt(root, child)
      root = child
    }
  }
}
