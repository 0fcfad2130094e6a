/// Takes a text apart, front to back: tokens that are matched whole, and the words between them.
struct TextParts {
  enum Part {
    /// A token that was matched as a whole.
    case token(UInt32)
    /// A word, perhaps after a space that does not stand in the text.
    case word(Range<Int>, afterSpace: Bool)
  }

  private let text: UnsafeBufferPointer<UInt8>
  private let added: AddedTokens
  private let addsSpace: Bool
  private var position = 0
  /// The next token that is matched whole, or nil where there is no more.
  private var match: AddedTokens.Match?
  private var isStretchStart = true

  /// With `addsSpace` every stretch of text between whole tokens begins with a space.
  init(_ text: UnsafeBufferPointer<UInt8>, added: AddedTokens, addsSpace: Bool) {
    self.text = text
    self.added = added
    self.addsSpace = addsSpace
    match = added.firstMatch(in: text, from: 0)
  }

  mutating func next() -> Part? {
    let end = match?.start ?? text.count
    guard position == end else {
      let afterSpace = addsSpace && isStretchStart && text[position] != UInt8(ascii: " ")
      let start = position
      position = WordSplitter(text: text, end: end).endOfWord(at: start, afterSpace: afterSpace)
      isStretchStart = false
      return .word(start..<position, afterSpace: afterSpace)
    }
    guard let found = match else { return nil }
    position = found.end
    match = added.firstMatch(in: text, from: position)
    isStretchStart = true
    return .token(found.token)
  }
}
