import CQuell

/// The tokens that are looked for as whole texts before anything else: the leftmost match wins, of those the longest.
struct AddedTokens {
  /// A token found in a text.
  struct Match {
    let token: UInt32
    let start: Int
    let end: Int
  }

  private let vocabulary: Vocabulary
  /// The tokens in the order of their bytes.
  private let sorted: UnsafeMutableBufferPointer<UInt32>

  /// Sorts the added tokens of a vocabulary; nil where the arena only counts. `count` is known before the vocabulary is.
  static func open(_ types: WordArray, of vocabulary: Vocabulary?, in arena: inout Arena) throws(Failure) -> AddedTokens? {
    var count = 0
    for token in 0..<types.count where TokenKind(rawValue: types[token])?.isMatchedWhole == true { count += 1 }
    guard let sorted = arena.take(count, of: UInt32.self), let vocabulary else { return nil }
    var next = 0
    for token in 0..<types.count where vocabulary.kind(of: token).isMatchedWhole {
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
  }

  /// The first added token in the text from `start` on.
  func firstMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Match? {
    guard !sorted.isEmpty else { return nil }
    for position in start..<text.count {
      if let match = longestMatch(in: text, at: position) { return match }
    }
    return nil
  }

  /// Narrows the sorted list byte by byte to the tokens that begin like the text.
  private func longestMatch(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Match? {
    var candidates = 0..<sorted.count
    var match: Match?
    var length = 0
    while start + length < text.count {
      let byte = text[start + length]
      // Tokens that end here stand before those that go on.
      let first = partition(candidates) { $0.count > length && $0[length] >= byte }
      candidates = first..<partition(first..<candidates.upperBound) { $0.count > length && $0[length] > byte }
      guard let shortest = candidates.first else { break }
      length += 1
      if bytes(shortest).count == length { match = Match(token: sorted[shortest], start: start, end: start + length) }
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
