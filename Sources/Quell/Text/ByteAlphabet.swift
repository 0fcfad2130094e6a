/// GPT-2's printable alphabet: every byte written as one character.
///
/// The bytes 0x21 to 0x7e, 0xa1 to 0xac and 0xae to 0xff stand for the characters of the same number; the 68 others for U+0100 and
/// up, in order. The characters below U+0080 take one byte in UTF-8, the others two.
public struct ByteAlphabet: Sequence, IteratorProtocol {
  private let text: UnsafeRawBufferPointer
  private var position = 0
  /// Whether something that is no character of the alphabet was met; reading goes no further.
  public private(set) var isMalformed = false

  /// Reads text written in the alphabet.
  public init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// How many bytes the text stands for, if it is well formed.
  public static func byteCount(_ text: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for byte in text where byte & 0xc0 != 0x80 { count += 1 }
    return count
  }

  /// The next byte that the text stands for.
  public mutating func next() -> UInt8? {
    guard position < text.count else { return nil }
    let lead = text[position]
    if ByteAlphabet.isPrintable(UInt32(lead)), lead < 0x80 {
      position += 1
      return lead
    }
    guard lead >= 0xc2, lead <= 0xc5, position + 1 < text.count, text[position + 1] & 0xc0 == 0x80 else { return fail() }
    let codePoint = UInt32(lead & 0x1f) << 6 | UInt32(text[position + 1] & 0x3f)
    guard let byte = ByteAlphabet.byte(for: codePoint) else { return fail() }
    position += 2
    return byte
  }

  private mutating func fail() -> UInt8? {
    isMalformed = true
    return nil
  }

  private static func isPrintable(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: true
    default: false
    }
  }

  private static func byte(for codePoint: UInt32) -> UInt8? {
    if isPrintable(codePoint) { return UInt8(codePoint) }
    switch codePoint {
    case 0x100...0x120: return UInt8(codePoint - 0x100)
    case 0x121...0x142: return UInt8(codePoint - 0x121 + 0x7f)
    case 0x143: return 0xad
    default: return nil
    }
  }

  /// The character that a byte is written as.
  public static func character(for byte: UInt8) -> UInt32 {
    switch byte {
    case 0x00...0x20: 0x100 + UInt32(byte)
    case 0x7f...0xa0: 0x121 + UInt32(byte) - 0x7f
    case 0xad: 0x143
    default: UInt32(byte)
    }
  }
}
