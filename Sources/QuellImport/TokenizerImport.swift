#if canImport(FoundationEssentials)
  // Without the data of all languages that Foundation brings along.
  import FoundationEssentials
#else
  import Foundation
#endif
import Quell
import QuellJSON

/// Turns the `tokenizer.json` of a model into the tokenizer keys of a model file.
///
/// Byte-level BPE with GPT-2's split rule is the only kind of tokenizer that can be used. Whatever else the file asks for is honoured
/// or refused, never passed over.
public enum TokenizerImport {
  private static let maximumFileSize = 1 << 28

  /// The keys for the tokenizer in a file.
  ///
  /// A `tokenizer_config.json` beside it is read too where there is one, for the tokens that begin and end a text.
  /// - Parameters:
  ///   - path: A `tokenizer.json`.
  ///   - vocabularySize: How many logits the model gives.
  public static func pairs(fromFile path: String, vocabularySize: Int) throws(ImportFailure) -> [GGUFPair] {
    let configuration = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("tokenizer_config.json").path
    let hasConfiguration = FileManager.default.fileExists(atPath: configuration)
    return try pairs(
      tokenizer: read(path), configuration: hasConfiguration ? read(configuration) : nil, vocabularySize: vocabularySize, path: path)
  }

  /// The keys for the tokenizer in the bytes of a `tokenizer.json`, and those of a `tokenizer_config.json` where there is one.
  ///
  /// - Parameters:
  ///   - vocabularySize: How many logits the model gives.
  ///   - path: What messages call the file.
  public static func pairs(
    tokenizer: Data, configuration: Data?, vocabularySize: Int, path: String = "tokenizer.json"
  ) throws(ImportFailure) -> [GGUFPair] {
    let file = try decode(TokenizerFile.self, tokenizer, path)
    let names = try configuration.map { (data) throws(ImportFailure) in
      try decode(TokenizerConfiguration.self, data, "tokenizer_config.json beside \(path)")
    }
    do throws(ImportFailure) {
      return try TokenizerConversion(file, names, vocabularySize: vocabularySize).pairs()
    } catch {
      throw ImportFailure(error.kind, "\(path): \(error.message)")
    }
  }

  private static func read(_ path: String) throws(ImportFailure) -> Data {
    let file = try MappedFile(path: path)
    guard file.bytes.count <= maximumFileSize else {
      throw .unsupported("'\(path)' is larger than 256 MiB: it is no tokenizer.json")
    }
    return Data(file.bytes)
  }

  private static func decode<Content: Decodable>(_ type: Content.Type, _ data: Data, _ path: String) throws(ImportFailure) -> Content {
    if let fault = data.withUnsafeBytes({ JSONSyntax.fault(in: $0) }) { throw .malformed("\(path): \(fault)") }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let failure as ImportFailure {
      throw ImportFailure(failure.kind, "\(path): \(failure.message)")
    } catch let error as DecodingError {
      throw .malformed("\(path): \(describe(error))")
    } catch {
      throw .malformed("\(path): \(error)")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "\(place(context)) has no '\(key.stringValue)'"
    case .typeMismatch(let type, let context): "\(place(context)) is not of type \(type)"
    case .valueNotFound(let type, let context): "\(place(context)) is null, where \(type) is needed"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: "it holds a number that does not fit where it stands"
    case .dataCorrupted(let context): "\(place(context)): \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    context.codingPath.isEmpty
      ? "the file" : context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}
