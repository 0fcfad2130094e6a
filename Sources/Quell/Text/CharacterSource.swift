import CQuell

/// The characters of a text one after the other, as they stand or in Unicode's normalization form C.
///
/// A value of a fixed size, whatever the text. The cost is linear in the length of the text.
struct CharacterSource {
  /// A byte of a text below it begins no character from U+0300 on, where the first marks are.
  private static let leadOfMarks: UInt8 = 0xcc

  private let text: UnsafeBufferPointer<UInt8>
  private let isNormalizing: Bool
  private var place = DecomposedCharacter.Place()
  /// The marks of the last starter that are still to come.
  private var marks: OrderedMarks?

  /// Where the next character begins in the text, which must be read as it stands.
  var offset: Int { place.offset }

  init(_ text: UnsafeBufferPointer<UInt8>, normalizing isNormalizing: Bool) {
    self.text = text
    self.isNormalizing = isNormalizing
  }

  mutating func next() -> UInt32? {
    guard marks == nil, place.index == 0 else { return composeNext() }
    let start = place.offset
    guard start < text.count else { return nil }
    let character = TextCharacter(of: text, at: start)
    let end = start + character.length
    guard !isNormalizing || isStable(character.codePoint) && isStable(at: end) else { return composeNext() }
    place.offset = end
    return character.codePoint
  }

  private func isStable(at offset: Int) -> Bool {
    offset == text.count || text[offset] < CharacterSource.leadOfMarks || isStable(TextCharacter(of: text, at: offset).codePoint)
  }

  private func isStable(_ codePoint: UInt32) -> Bool { codePoint < 0x300 || quell_normalization_class(codePoint) == 0 }

  /// A starter with all that it becomes one with, or the next of the marks after it.
  ///
  /// Few characters get here: it stays out of the loops in which ``next()`` is inlined.
  @inline(never)
  private mutating func composeNext() -> UInt32? {
    if let mark = marks?.next(in: text) { return mark }
    marks = nil
    var starter: UInt32?
    if let first = DecomposedCharacter(of: text, at: place), first.combiningClass == 0 {
      starter = first.codePoint
      place = first.next
    }
    while true {
      let following = OrderedMarks(from: place, after: starter)
      var seen = following
      var isFollowed = false
      while seen.next(in: text) != nil { isFollowed = true }
      starter = seen.starter
      place = seen.end
      marks = isFollowed ? following : nil
      // Where no mark is left between them, the next starter can become one with this.
      guard !isFollowed, let left = starter, let right = DecomposedCharacter(of: text, at: place) else { break }
      let composed = quell_composition(left, right.codePoint)
      guard composed != 0 else { break }
      starter = composed
      place = right.next
    }
    return starter ?? marks?.next(in: text)
  }
}
