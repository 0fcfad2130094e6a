/// Takes a text apart, front to back: tokens that are matched whole, and the words between them.
struct TextParts {
  enum Part {
    /// A token that was matched as a whole.
    case token(UInt32)
    /// A word, perhaps after a space that does not stand in the text.
    case word(CharacterReader, afterSpace: Bool)
  }

  /// How a text is taken apart.
  struct Rules {
    /// The tokens that are looked for in the text as it stands.
    let added: AddedTokens
    /// The tokens that are looked for in what lies between those, once it is normalised.
    let addedToNormalized: AddedTokens
    /// Whether what lies between the first is normalised.
    let isNormalizing: Bool
    /// Whether every stretch of text between whole tokens begins with a space.
    let addsSpace: Bool
  }

  private let text: UnsafeBufferPointer<UInt8>
  private let rules: Rules
  private var reader: CharacterReader
  /// The next token of the normalised text, or nil where there is no more before ``stop``.
  private var match: AddedTokens.Match?
  /// The next token of the text as it stands, or nil where there is no more.
  private var stop: AddedTokens.Match?
  private var isStretchStart = true

  init(_ text: UnsafeBufferPointer<UInt8>, _ rules: Rules) {
    self.text = text
    self.rules = rules
    let start = CharacterReader(text)
    reader = start
    read(from: start)
  }

  mutating func next() -> Part? {
    guard let first = reader.current else {
      if let match {
        findMatch(from: match.end)
        return .token(match.token)
      }
      guard let stop else { return nil }
      read(from: stop.end)
      return .token(stop.token)
    }
    let afterSpace = rules.addsSpace && isStretchStart && first != 0x20
    isStretchStart = false
    var word = reader
    WordSplitter.skipWord(&reader, afterSpace: afterSpace)
    word.end = reader.position
    return .word(word, afterSpace: afterSpace)
  }

  /// Goes on at a place of the text as it stands.
  private mutating func read(from start: CharacterReader) {
    stop = rules.added.firstMatch(from: start)
    let stretch = UnsafeBufferPointer(rebasing: text[start.offset..<(stop?.start.offset ?? text.count)])
    findMatch(from: CharacterReader(stretch, normalizing: rules.isNormalizing))
  }

  /// Goes on at a place of the normalised text.
  private mutating func findMatch(from start: CharacterReader) {
    match = rules.addedToNormalized.firstMatch(from: start)
    reader = start
    reader.end = match?.start.position ?? .max
    isStretchStart = true
  }
}
