import Foundation

/// A result as one JSON document: keys in snake case and in alphabetical order.
enum JSONDocument {
  /// The bytes of the document, ended by a line break.
  static func encode(_ value: some Encodable, keys: JSONEncoder.KeyEncodingStrategy = .convertToSnakeCase) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = keys
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // A perplexity can be infinite; JSON has no number for that.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(value) + Data("\n".utf8)
  }

  /// Puts the document on standard output.
  static func print(_ value: some Encodable) throws { try StandardOutput.write(Array(try encode(value))) }
}
