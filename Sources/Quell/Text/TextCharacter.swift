/// One character of a text in UTF-8, or what stands in its place.
///
/// Bytes that are no UTF-8 are read as U+FFFD, one for each maximal subpart of a well-formed sequence, as the Unicode standard
/// recommends and most languages do.
struct TextCharacter {
  static let replacement: UInt32 = 0xfffd

  let codePoint: UInt32
  /// How many bytes of the text it takes, at least 1.
  let length: Int

  /// The character that begins at `start`, a position before the text's end.
  init(of text: UnsafeBufferPointer<UInt8>, at start: Int) {
    let lead = text[start]
    guard lead >= 0x80 else {
      self.init(codePoint: UInt32(lead), length: 1)
      return
    }
    guard let form = Form(lead: lead) else {
      self.init(codePoint: TextCharacter.replacement, length: 1)
      return
    }
    var codePoint = UInt32(lead) & (0x7f >> UInt32(form.length))
    var length = 1
    while length < form.length {
      let at = start + length
      guard at < text.count, length == 1 ? form.second.contains(text[at]) : text[at] & 0xc0 == 0x80 else {
        self.init(codePoint: TextCharacter.replacement, length: length)
        return
      }
      codePoint = codePoint << 6 | UInt32(text[at] & 0x3f)
      length += 1
    }
    self.init(codePoint: codePoint, length: length)
  }

  private init(codePoint: UInt32, length: Int) {
    self.codePoint = codePoint
    self.length = length
  }

  /// What a lead byte beyond ASCII promises.
  struct Form {
    /// Bytes of the whole sequence, 2 to 4.
    let length: Int
    /// What the second byte may be; the others may be 0x80 to 0xbf.
    let second: ClosedRange<UInt8>

    /// Nil where the byte begins no sequence.
    init?(lead: UInt8) {
      switch lead {
      case 0xc2...0xdf: self.init(2, 0x80...0xbf)
      case 0xe0: self.init(3, 0xa0...0xbf)
      case 0xed: self.init(3, 0x80...0x9f)
      case 0xe1...0xef: self.init(3, 0x80...0xbf)
      case 0xf0: self.init(4, 0x90...0xbf)
      case 0xf1...0xf3: self.init(4, 0x80...0xbf)
      case 0xf4: self.init(4, 0x80...0x8f)
      default: return nil
      }
    }

    private init(_ length: Int, _ second: ClosedRange<UInt8>) {
      self.length = length
      self.second = second
    }
  }
}
