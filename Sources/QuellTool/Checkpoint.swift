import Foundation

/// What long work has found so far, in a form that it goes on from.
protocol CheckpointDocument: Codable {
  static var formatName: String { get }
  static var currentVersion: Int { get }
  /// What the work is called: a search, a sweep.
  static var work: String { get }

  var format: String { get }
  var version: Int { get }
}

/// The file that long work is gone on from, beside its output.
struct Checkpoint<Document: CheckpointDocument> {
  let path: String

  /// The checkpoint of what is to be written under a name.
  init(for output: String) { path = output + ".checkpoint" }

  func read() throws -> Document {
    let bytes = Data(try Files.read(path))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let document = try? decoder.decode(Document.self, from: bytes), document.format == Document.formatName,
      document.version == Document.currentVersion
    else { throw CommandFailure(.malformed, "'\(path)' is no checkpoint of \(Document.work) by this Quell") }
    return document
  }

  func write(_ document: Document) throws { try Files.write(JSONDocument.encode(document), to: path) }

  func remove() { unlink(path) }
}
