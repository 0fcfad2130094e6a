import CQuell

/// Which pairs of neighbouring tokens become one, and in which order.
struct MergeTable {
  /// Two tokens and the one that they become.
  struct Merge {
    let left: UInt32
    let right: UInt32
    let result: UInt32
  }

  /// Two tokens of a byte each, and a space between them.
  private static let shortestText = 3

  /// The best first: the rank of a merge is its position.
  private let merges: UnsafeMutableBufferPointer<Merge>
  private var index: HashIndex

  /// Reads the merges of a vocabulary; nil where the arena only counts.
  static func open(_ texts: StringArray, of vocabulary: Vocabulary?, in arena: inout Arena) throws(Failure) -> MergeTable? {
    guard Int32(exactly: texts.count) != nil else {
      throw Failure(QUELL_UNSUPPORTED, "the tokenizer has more merges than can be used").at(texts.offset)
    }
    var number = 0
    for text in texts {
      // What is no merge is to take no memory.
      guard text.count >= shortestText else { throw malformed(number, text, "is not of two tokens", texts.offset) }
      number += 1
    }
    let merges = arena.take(texts.count, of: Merge.self)
    let slots = arena.take(HashIndex.slotCount(for: texts.count), of: UInt32.self)
    guard let merges, let slots, let vocabulary else { return nil }
    var table = MergeTable(merges: merges, index: HashIndex(slots))
    var rank = 0
    for text in texts {
      try table.add(text, rank, vocabulary, at: texts.offset)
      rank += 1
    }
    return table
  }

  private init(merges: UnsafeMutableBufferPointer<Merge>, index: HashIndex) {
    self.merges = merges
    self.index = index
  }

  /// The rank of the merge of two tokens, or nil where they do not merge.
  func rank(_ left: UInt32, _ right: UInt32) -> Int? {
    index.find(MergeTable.hash(left, right)) { merges[$0].left == left && merges[$0].right == right }
  }

  /// What the tokens of a merge become.
  func result(ofRank rank: Int) -> UInt32 { merges[rank].result }

  private static func hash(_ left: UInt32, _ right: UInt32) -> UInt64 { HashIndex.mix(UInt64(left) << 32 | UInt64(right)) }

  // MARK: Reading

  private mutating func add(_ text: UnsafeRawBufferPointer, _ rank: Int, _ vocabulary: Vocabulary, at offset: Int) throws(Failure) {
    guard let space = text.firstIndex(of: UInt8(ascii: " ")),
      let left = MergeTable.token(UnsafeRawBufferPointer(rebasing: text[..<space]), of: vocabulary),
      let right = MergeTable.token(UnsafeRawBufferPointer(rebasing: text[(space + 1)...]), of: vocabulary)
    else { throw MergeTable.malformed(rank, text, "is not of two tokens", offset) }
    guard let result = MergeTable.token(joining: vocabulary.bytes(of: left), vocabulary.bytes(of: right), of: vocabulary) else {
      throw MergeTable.malformed(rank, text, "makes no token", offset)
    }
    let merge = Merge(left: UInt32(left), right: UInt32(right), result: UInt32(result))
    guard self.rank(merge.left, merge.right) == nil else {
      throw MergeTable.malformed(rank, text, "stands twice in the list", offset)
    }
    guard index.insert(rank, MergeTable.hash(merge.left, merge.right)) else {
      throw Failure(QUELL_UNSUPPORTED, "the merges of the tokenizer collide in their hash table").at(offset)
    }
    merges.initializeElement(at: rank, to: merge)
  }

  private static func malformed(_ rank: Int, _ text: UnsafeRawBufferPointer, _ what: StaticString, _ offset: Int) -> Failure {
    Failure(QUELL_MALFORMED, "merge ").then(rank).then(" of the tokenizer ").then(what).then(": '").then(text).then("'").at(offset)
  }

  /// The token written in the alphabet of bytes.
  private static func token(_ text: UnsafeRawBufferPointer, of vocabulary: Vocabulary) -> Int? {
    var hash = ByteHash()
    var alphabet = ByteAlphabet(text)
    while let byte = alphabet.next() { hash.combine(byte) }
    guard !alphabet.isMalformed else { return nil }
    return vocabulary.token(hash) { $0.elementsEqual(ByteAlphabet(text)) }
  }

  private static func token(
    joining left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, of vocabulary: Vocabulary
  ) -> Int? {
    var hash = ByteHash()
    for byte in left { hash.combine(byte) }
    for byte in right { hash.combine(byte) }
    return vocabulary.token(hash) { text in
      text.count == left.count + right.count && text[..<left.count].elementsEqual(left) && text[left.count...].elementsEqual(right)
    }
  }
}
