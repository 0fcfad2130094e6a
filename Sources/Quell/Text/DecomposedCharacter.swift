import CQuell

/// One character of the full canonical decomposition of a text.
struct DecomposedCharacter {
  /// A place between two of them.
  struct Place {
    /// Where the character that is decomposed begins in the text.
    var offset = 0
    /// How many parts of it come before.
    var index: UInt32 = 0
  }

  let codePoint: UInt32
  /// The canonical combining class: 0 for a starter.
  let combiningClass: UInt8
  let next: Place

  /// The character after a place; nil at the end of the text.
  init?(of text: UnsafeBufferPointer<UInt8>, at place: Place) {
    guard place.offset < text.count else { return nil }
    let character = TextCharacter(of: text, at: place.offset)
    var count: UInt32 = 1
    codePoint = quell_decomposition(character.codePoint, place.index, &count)
    let number = quell_normalization_class(codePoint)
    combiningClass = number == QUELL_NORMALIZATION_UNSTABLE ? 0 : number
    next = place.index + 1 < count ? Place(offset: place.offset, index: place.index + 1) : Place(offset: place.offset + character.length)
  }
}
