/// A place in a text that is read character by character.
///
/// A value of a fixed size: a copy is a place to return to.
struct CharacterReader {
  private var source: CharacterSource
  private var codePoint: UInt32?
  /// Where the current character begins in the text, which must be read as it stands.
  private(set) var offset = 0
  /// How many characters come before the current one.
  private(set) var position = 0
  /// The position at which reading ends before the text does.
  var end = Int.max

  /// The character at this place, or nil at the end.
  var current: UInt32? { position < end ? codePoint : nil }

  /// What the split rule asks of the current character; nil at the end.
  var unicodeClass: UnicodeClass? { current.map { UnicodeClass($0) } }

  /// The beginning of a text, which is normalised to form C on demand.
  init(_ text: UnsafeBufferPointer<UInt8>, normalizing: Bool = false) {
    source = CharacterSource(text, normalizing: normalizing)
    codePoint = source.next()
  }

  /// Goes to the next character; there must be a current one.
  mutating func advance() {
    offset = source.offset
    codePoint = source.next()
    position += 1
  }
}
