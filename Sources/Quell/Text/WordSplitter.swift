/// GPT-2's rule that splits a text into words before pairs of bytes are merged:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
struct WordSplitter {
  let text: UnsafeBufferPointer<UInt8>
  /// Where the stretch of text that is split ends: at the end of the text or before a token that was matched whole.
  let end: Int

  /// Where the word that begins at `start`, a position before ``end``, ends.
  ///
  /// With `afterSpace` the word begins with a space that does not stand in the text. It can be all of the word, which then ends
  /// where it begins. Linear: no character is looked at more than twice for all words of a text.
  func endOfWord(at start: Int, afterSpace: Bool) -> Int {
    let first = TextCharacter(of: text, at: start)
    if afterSpace {
      guard first.unicodeClass == .whitespace else { return endOfRun(of: first.unicodeClass, from: start) }
      return endOfWhitespace(from: start, before: 1)
    }
    let next = start + first.length
    if first.codePoint == 0x27, let end = endOfContraction(after: next) { return end }
    guard first.unicodeClass == .whitespace else { return endOfRun(of: first.unicodeClass, from: next) }
    if first.codePoint == 0x20, next < end {
      let second = TextCharacter(of: text, at: next).unicodeClass
      if second != .whitespace { return endOfRun(of: second, from: next) }
    }
    return endOfWhitespace(from: start, before: 0)
  }

  private func endOfRun(of unicodeClass: UnicodeClass, from start: Int) -> Int {
    var position = start
    while position < end {
      let character = TextCharacter(of: text, at: position)
      guard character.unicodeClass == unicodeClass else { break }
      position += character.length
    }
    return position
  }

  /// White space up to the end is one word; otherwise its last character belongs to what follows, unless it is the only one.
  private func endOfWhitespace(from start: Int, before: Int) -> Int {
    var position = start
    var last = start
    var count = before
    while position < end {
      let character = TextCharacter(of: text, at: position)
      guard character.unicodeClass == .whitespace else { return count > 1 ? last : position }
      last = position
      position += character.length
      count += 1
    }
    return position
  }

  /// Where the contraction ends whose apostrophe stands before `start`, or nil where there is none.
  private func endOfContraction(after start: Int) -> Int? {
    guard start < end else { return nil }
    let second = start + 1 < end ? text[start + 1] : 0
    switch (text[start], second) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _): return start + 1
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")), (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 2
    default: return nil
    }
  }
}
