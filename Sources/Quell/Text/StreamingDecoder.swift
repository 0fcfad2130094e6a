import CQuell

/// Turns tokens into text one at a time and holds back what is not yet a whole character, so that a terminal never shows half of one.
///
/// A value: it belongs to whoever keeps it, one for each text.
public struct StreamingDecoder {
  private static let mostHeld = 3

  private let tokenizer: Tokenizer
  private let skipsControl: Bool
  private var held = [3 of UInt8](repeating: 0)
  private var heldCount = 0

  /// How many bytes of buffer suffice for every call.
  public var requiredBytes: Int { StreamingDecoder.mostHeld + tokenizer.longestToken }

  /// A decoder at the beginning of a text; with `skippingControl` control tokens give no text.
  public init(_ tokenizer: Tokenizer, skippingControl: Bool = true) {
    self.tokenizer = tokenizer
    skipsControl = skippingControl
  }

  /// Writes what is complete with the next token, and returns how many bytes that is, perhaps none.
  ///
  /// - Throws: `QUELL_TOKEN_OUT_OF_RANGE`, and `QUELL_BUFFER_TOO_SMALL` where the buffer has fewer than ``requiredBytes``; nothing has
  ///   changed then.
  public mutating func append(_ token: UInt32, into buffer: UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Int {
    guard buffer.count >= requiredBytes else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "a piece of text can take ").then(requiredBytes).then(" bytes")
    }
    if skipsControl, try tokenizer.isControl(token) { return 0 }
    let bytes = try tokenizer.bytes(of: token)
    var count = finish(into: buffer)
    for byte in bytes {
      buffer[count] = byte
      count += 1
    }
    let whole = count - StreamingDecoder.partialLength(UnsafeBufferPointer(rebasing: buffer[..<count]))
    for position in whole..<count { held[position - whole] = buffer[position] }
    heldCount = count - whole
    return whole
  }

  /// Writes what was held back, the beginning of a character that never ended, and returns how many bytes that is: at most 3, and no
  /// more than the buffer takes.
  public mutating func finish(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let count = min(heldCount, buffer.count)
    for position in 0..<count { buffer[position] = held[position] }
    heldCount = 0
    return count
  }

  /// How many bytes at the end begin a character that more bytes could complete.
  private static func partialLength(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    for length in stride(from: 1, through: min(mostHeld, text.count), by: 1) {
      let start = text.count - length
      guard text[start] & 0xc0 != 0x80 else { continue }
      guard let form = TextCharacter.Form(lead: text[start]), length < form.length else { return 0 }
      return TextCharacter(of: text, at: start).length == length ? length : 0
    }
    return 0
  }
}
