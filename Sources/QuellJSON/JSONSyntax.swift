/// Why bytes are no JSON document that can be used.
package struct JSONFault: Error, Equatable, CustomStringConvertible {
  /// What is wrong.
  package let reason: String
  /// The byte where it was found.
  package let offset: Int

  /// What, and where.
  package var description: String { "\(reason) (byte \(offset))" }
}

/// Looks at JSON [RFC 8259] from strangers before a decoder takes it.
///
/// A decoder does not say where a mistake stands, and takes one of two members of the same name without a word. What has passed is one
/// value in UTF-8, nested at most ``mostLevels`` deep, with finite numbers and with no name twice in an object. Linear in time.
package struct JSONSyntax {
  /// More than any file of this project has, and little enough for a recursive decoder.
  package static let mostLevels = 128

  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  /// What is wrong with a document, nil where nothing is.
  package static func fault(in bytes: UnsafeRawBufferPointer) -> JSONFault? {
    var syntax = JSONSyntax(bytes: bytes)
    do throws(JSONFault) {
      try syntax.document()
      return nil
    } catch {
      return error
    }
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private func wrong(_ reason: String, at offset: Int? = nil) -> JSONFault {
    JSONFault(reason: "it is not JSON: \(reason)", offset: offset ?? at)
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { at += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  // MARK: Values

  private mutating func document() throws(JSONFault) {
    skipSpace()
    try value(level: 1)
    skipSpace()
    guard at == bytes.count else { throw wrong("it goes on behind its end") }
  }

  private mutating func value(level: Int) throws(JSONFault) {
    guard level <= JSONSyntax.mostLevels else { throw wrong("it is nested more than \(JSONSyntax.mostLevels) levels deep") }
    guard let current else { throw wrong("it ends where a value belongs") }
    switch current {
    case UInt8(ascii: "{"): try object(level: level)
    case UInt8(ascii: "["): try list(level: level)
    case UInt8(ascii: "\""): _ = try text()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: throw wrong("a value belongs here")
    }
  }

  private mutating func object(level: Int) throws(JSONFault) {
    at += 1
    skipSpace()
    if skip("}") { return }
    var names: Set<[UInt8]> = []
    repeat {
      skipSpace()
      let start = at
      guard current == UInt8(ascii: "\"") else { throw wrong("a name in quotes belongs here") }
      let name = try text()
      guard names.insert(name).inserted else {
        throw JSONFault(reason: "the name '\(String(decoding: name, as: UTF8.self))' stands twice in an object", offset: start)
      }
      skipSpace()
      guard skip(":") else { throw wrong("a colon belongs here") }
      skipSpace()
      try value(level: level + 1)
      skipSpace()
    } while skip(",")
    guard skip("}") else { throw wrong("a comma or the end of an object belongs here") }
  }

  private mutating func list(level: Int) throws(JSONFault) {
    at += 1
    skipSpace()
    if skip("]") { return }
    repeat {
      skipSpace()
      try value(level: level + 1)
      skipSpace()
    } while skip(",")
    guard skip("]") else { throw wrong("a comma or the end of a list belongs here") }
  }

  private mutating func word(_ word: StaticString) throws(JSONFault) {
    let start = at
    for index in 0..<word.utf8CodeUnitCount {
      guard current == word.utf8Start[index] else { throw wrong("a value belongs here", at: start) }
      at += 1
    }
  }

  private mutating func number() throws(JSONFault) {
    let start = at
    _ = skip("-")
    if !skip("0") { try digits() }
    if skip(".") { try digits() }
    if skip("e") || skip("E") {
      if !skip("+") { _ = skip("-") }
      try digits()
    }
    guard Double(String(decoding: bytes[start..<at], as: UTF8.self))?.isFinite == true else {
      throw wrong("a number is too large", at: start)
    }
  }

  private mutating func digits() throws(JSONFault) {
    let start = at
    while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
    guard at > start else { throw wrong("a digit belongs here") }
  }

  // MARK: Text

  /// The UTF-8 that a text stands for.
  private mutating func text() throws(JSONFault) -> [UInt8] {
    let start = at
    at += 1
    var content: [UInt8] = []
    while let byte = current, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw wrong("a control character stands in a text") }
      at += 1
      if byte == UInt8(ascii: "\\") { try escape(into: &content) } else { content.append(byte) }
    }
    guard skip("\"") else { throw wrong("it ends within a text", at: start) }
    guard String(validating: content, as: UTF8.self) != nil else { throw wrong("a text is not in UTF-8", at: start) }
    return content
  }

  private mutating func escape(into content: inout [UInt8]) throws(JSONFault) {
    let start = at - 1
    guard let letter = current else { throw wrong("it ends within a text", at: start) }
    at += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0c)
    case UInt8(ascii: "n"): content.append(0x0a)
    case UInt8(ascii: "r"): content.append(0x0d)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"): content += Array(String(Character(try scalar(from: start))).utf8)
    default: throw wrong("no character is escaped so", at: start)
    }
  }

  /// The character of one escape, or of two that are the halves of a surrogate pair.
  private mutating func scalar(from start: Int) throws(JSONFault) -> Unicode.Scalar {
    let first = try hexadecimal(from: start)
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xdc00, skip("\\"), skip("u") else { throw wrong("half of a surrogate pair stands alone", at: start) }
    let second = try hexadecimal(from: start)
    guard second >= 0xdc00, second < 0xe000, let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) else {
      throw wrong("half of a surrogate pair stands alone", at: start)
    }
    return scalar
  }

  private mutating func hexadecimal(from start: Int) throws(JSONFault) -> UInt32 {
    var number: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw wrong("an escape has four hexadecimal digits", at: start)
      }
      number = number << 4 | UInt32(digit)
      at += 1
    }
    return number
  }
}
