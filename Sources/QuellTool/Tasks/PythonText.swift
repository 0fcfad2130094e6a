/// What Python's strings do, which the harness's prompts are made with.
enum PythonText {
  /// Without white space at either end, `str.strip`.
  static func stripped(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(text[first..<scalars.index(after: last)])
  }

  /// Where the white space at the end begins.
  static func endOfWords(_ text: String) -> String.Index {
    let scalars = text.unicodeScalars
    return scalars.lastIndex { !isSpace($0) }.map { scalars.index(after: $0) } ?? scalars.startIndex
  }

  /// White space, among which Python counts the separators of ASCII.
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
  }

  /// With every occurrence of a text, from left to right, in the place of another one, `str.replace`.
  static func replacing(_ pattern: String, in text: String, with replacement: String) -> String {
    String(decoding: Array(text.utf8).replacing(Array(pattern.utf8), with: Array(replacement.utf8)), as: UTF8.self)
  }
}

/// How the harness prepares the texts of HellaSwag, whose instructions from wikiHow have remains of markup.
enum HellaSwagText {
  /// Titles become ends of sentences, other things in brackets go.
  static func cleaned(_ text: String) -> String {
    let titled = PythonText.replacing(" [title]", in: PythonText.stripped(text), with: ". ")
    return PythonText.replacing("  ", in: withoutBrackets(titled), with: " ")
  }

  /// The first character as in a title, the others small, `str.capitalize`.
  static func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return text }
    return first.properties.titlecaseMapping + String(String.UnicodeScalarView(text.unicodeScalars.dropFirst())).lowercased()
  }

  /// Without what stands between a bracket and the next closing one on the same line.
  private static func withoutBrackets(_ text: String) -> String {
    var kept: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      let inside = rest.prefix { $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: "\n") }
      if byte == UInt8(ascii: "["), inside.endIndex < rest.endIndex, rest[inside.endIndex] == UInt8(ascii: "]") {
        rest = rest[(inside.endIndex + 1)...]
      } else {
        kept.append(byte)
        rest.removeFirst()
      }
    }
    return String(decoding: kept, as: UTF8.self)
  }
}
