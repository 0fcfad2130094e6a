/// One line of UTF-8 built without a heap: what failed, where, and what to do.
///
/// Text beyond the capacity is cut off at a character's end. A message never contains a zero byte or a line break, whatever
/// bytes of a file are put into it.
public struct Message: Sendable {
  private static let capacity = 255

  // Words, not bytes: the compiler moves such an array element by element.
  private var storage = [32 of UInt64](repeating: 0)
  /// How many bytes the message has.
  public private(set) var count = 0

  /// An empty message.
  public init() {}

  /// A message of fixed text.
  public init(_ text: StaticString) { append(text) }

  /// Itself: to a failure it is also what its message is made of.
  var message: Message { self }

  /// The byte at a position below ``count``.
  public private(set) subscript(index: Int) -> UInt8 {
    get { UInt8(truncatingIfNeeded: storage[index >> 3] >> UInt64(8 * (index & 7))) }
    set {
      let shift = UInt64(8 * (index & 7))
      storage[index >> 3] = storage[index >> 3] & ~(0xff << shift) | UInt64(newValue) << shift
    }
  }

  /// Adds fixed text.
  @inline(never)
  public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Adds a number in decimal.
  @inline(never)
  public mutating func append(_ number: UInt64) {
    var digits = [20 of UInt8](repeating: 0)
    var first = 20
    var rest = number
    repeat {
      first -= 1
      digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    for index in first..<20 { append(byte: digits[index]) }
  }

  /// Adds a number in decimal.
  @inline(never)
  public mutating func append(_ number: Int) {
    if number < 0 { append(byte: UInt8(ascii: "-")) }
    append(UInt64(number.magnitude))
  }

  /// Adds bytes of unknown origin: each that is no part of a printable character in UTF-8 is replaced by a question mark.
  @inline(never)
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    var index = 0
    while index < bytes.count {
      let length = Message.characterLength(bytes, index)
      guard count + max(length, 1) <= Message.capacity else { return }
      if length == 0 { append(byte: UInt8(ascii: "?")) }
      for byte in bytes[index..<index + length] { append(byte: byte) }
      index += max(length, 1)
    }
  }

  private mutating func append(byte: UInt8) {
    guard count < Message.capacity else { return }
    self[count] = byte
    count += 1
  }

  /// Bytes of the character that begins at a place; 0 where none does, and where it steers a terminal.
  private static func characterLength(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int {
    let lead = bytes[index]
    if lead < 0x80 { return lead >= 0x20 && lead != 0x7f ? 1 : 0 }
    let length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    guard lead >= 0xc2, lead <= 0xf4, bytes.count - index >= length else { return 0 }
    for place in 1..<length where bytes[index + place] & 0xc0 != 0x80 { return 0 }
    // No C1 controls, nothing in more bytes than it needs, no surrogates, nothing above U+10FFFF.
    let second = bytes[index + 1]
    switch lead {
    case 0xc2: return second >= 0xa0 ? length : 0
    case 0xe0: return second >= 0xa0 ? length : 0
    case 0xed: return second < 0xa0 ? length : 0
    case 0xf0: return second >= 0x90 ? length : 0
    case 0xf4: return second < 0x90 ? length : 0
    default: return length
    }
  }
}

#if !hasFeature(Embedded)
  extension Message: CustomStringConvertible {
    /// The message as a string.
    public var description: String { String(decoding: (0..<count).map { self[$0] }, as: UTF8.self) }
  }
#endif
