import CQuell

/// The marks that follow a starter, in canonical order, without those that become one with it.
///
/// A run of marks can be of any length. None of it is kept: it is read once for each combining class that occurs, and there are 55 at
/// most.
struct OrderedMarks {
  private static let noClass = UInt8.max

  private let start: DecomposedCharacter.Place
  private var place: DecomposedCharacter.Place
  /// The class of marks that are given now, and the next one that was seen; 0 where none has been looked for.
  private var combiningClass: UInt8 = 0
  private var nextClass = noClass
  /// The class of the last mark given: another of the same does not reach the starter.
  private var givenClass: UInt8 = 0
  /// The starter with all the marks that it has taken up, or nil where the text begins with marks.
  private(set) var starter: UInt32?

  /// Where the run ends, once all marks are given.
  var end: DecomposedCharacter.Place { place }

  init(from start: DecomposedCharacter.Place, after starter: UInt32?) {
    self.start = start
    place = start
    self.starter = starter
  }

  mutating func next(in text: UnsafeBufferPointer<UInt8>) -> UInt32? {
    while true {
      guard let mark = DecomposedCharacter(of: text, at: place), mark.combiningClass != 0 else {
        guard nextClass != OrderedMarks.noClass else { return nil }
        (combiningClass, nextClass) = (nextClass, OrderedMarks.noClass)
        place = start
        continue
      }
      place = mark.next
      if mark.combiningClass > combiningClass { nextClass = min(nextClass, mark.combiningClass) }
      guard mark.combiningClass == combiningClass else { continue }
      if let starter, givenClass < combiningClass {
        let composed = quell_composition(starter, mark.codePoint)
        if composed != 0 {
          self.starter = composed
          continue
        }
      }
      givenClass = combiningClass
      return mark.codePoint
    }
  }
}
