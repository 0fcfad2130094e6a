import Foundation
import Quell
import QuellImport

extension HostFileReader {
  /// How many tokens the model has that tokenizers are put into.
  private static let vocabularySize = 300

  /// A model of random weights gets the tokenizer; a text goes through it and back.
  func useTokenizer(_ bytes: [UInt8]) throws {
    let parts = parts(bytes, 3)
    let pairs = try TokenizerImport.pairs(
      tokenizer: Data(parts[0]), configuration: parts[1].isEmpty ? nil : Data(parts[1]), vocabularySize: HostFileReader.vocabularySize)
    let output = folder.appendingPathComponent("model.gguf").path
    defer { unlink(output) }
    let shape = try DecoderShape("rwkv4:layers=1,d=8,ffn=8,vocabulary=\(HostFileReader.vocabularySize)")
    try writeSyntheticModel(shape, to: output, options: ImportOptions(metadata: pairs))
    let tokenizer = try Model(path: output).tokenizer
    guard let tokenizer else { throw Violation("the model has no tokenizer") }
    try requireRoundTrip(Array("the <end> e\u{301}\u{2028} 12 \u{1f600}'ll".utf8), tokenizer, pairs)
    try requireRoundTrip(parts[2], tokenizer, pairs)
  }

  /// Where every byte has a token and nothing is normalised, a text that is UTF-8 comes back as it was.
  private func requireRoundTrip(_ text: [UInt8], _ tokenizer: Tokenizer, _ pairs: [GGUFPair]) throws {
    var back: [UInt8] = []
    let isEncoded = try refusing {
      let tokens = try tokenizer.encode(text, addingBeginning: false)
      guard tokens.allSatisfy({ $0 < HostFileReader.vocabularySize }) else { throw Violation("tokens beyond the vocabulary") }
      guard tokens.count <= 4 * text.count + 1 else { throw Violation("\(tokens.count) tokens of \(text.count) bytes") }
      back = try tokenizer.decode(tokens)
    }
    let keys = Set(pairs.map(\.key))
    guard hasAllBytes(tokenizer), String(validating: text, as: UTF8.self) != nil else { return }
    guard !keys.contains("tokenizer.ggml.normalizer"), !keys.contains("tokenizer.ggml.add_space_prefix") else { return }
    guard isEncoded, back == text else { throw Violation("the text \(text) comes back as \(back)") }
  }

  private func hasAllBytes(_ tokenizer: Tokenizer) -> Bool {
    var bytes: Set<UInt8> = []
    for token in 0..<UInt32(tokenizer.count) {
      if let text = try? tokenizer.bytes(of: token), text.count == 1, (try? tokenizer.isControl(token)) == false { bytes.insert(text[0]) }
    }
    return bytes.count == 256
  }
}
