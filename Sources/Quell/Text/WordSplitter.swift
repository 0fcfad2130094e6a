/// GPT-2's rule that splits a text into words before pairs of bytes are merged:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
enum WordSplitter {
  /// Goes to the end of the word that begins at a reader's place.
  ///
  /// With `afterSpace` the word begins with a space that does not stand in the text. It can be all of the word, which then ends
  /// where it begins. Linear: no character is looked at more than twice for all words of a text.
  static func skipWord(_ reader: inout CharacterReader, afterSpace: Bool) {
    let start = reader
    guard let first = reader.current, var unicodeClass = reader.unicodeClass else { return }
    if !afterSpace {
      reader.advance()
      if first == 0x27, skipContraction(&reader) { return }
      if first == 0x20, let second = reader.unicodeClass { unicodeClass = second }
    }
    guard unicodeClass == .whitespace else { return skipRun(of: unicodeClass, &reader) }
    reader = start
    skipWhitespace(&reader, before: afterSpace ? 1 : 0)
  }

  private static func skipRun(of unicodeClass: UnicodeClass, _ reader: inout CharacterReader) {
    while reader.unicodeClass == unicodeClass { reader.advance() }
  }

  /// White space up to the end is one word; otherwise its last character belongs to what follows, unless it is the only one.
  private static func skipWhitespace(_ reader: inout CharacterReader, before: Int) {
    var last = reader
    var count = before
    while let unicodeClass = reader.unicodeClass {
      guard unicodeClass == .whitespace else {
        if count > 1 { reader = last }
        return
      }
      last = reader
      reader.advance()
      count += 1
    }
  }

  /// Skips what follows the apostrophe of a contraction; false where nothing of the kind does.
  private static func skipContraction(_ reader: inout CharacterReader) -> Bool {
    guard let first = reader.current else { return false }
    var end = reader
    end.advance()
    switch (UInt8(exactly: first), end.current.flatMap { UInt8(exactly: $0) }) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _): break
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")), (UInt8(ascii: "l"), UInt8(ascii: "l")):
      end.advance()
    default: return false
    }
    reader = end
    return true
  }
}
