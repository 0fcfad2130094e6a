import CQuell

/// What the split rule asks of a character.
enum UnicodeClass: UInt8 {
  case other = 0
  /// General category L.
  case letter = 1
  /// General category N.
  case number = 2
  /// The property White_Space.
  case whitespace = 3

  /// The class of a code point.
  init(_ codePoint: UInt32) {
    guard codePoint < 0x80 else {
      self = UnicodeClass(rawValue: quell_unicode_class(codePoint)) ?? .other
      return
    }
    switch UInt8(codePoint) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .letter
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
    case 0x09...0x0d, 0x20: self = .whitespace
    default: self = .other
    }
  }
}
