import Foundation

/// The file that a sweep is gone on from: what it has measured so far, beside its output.
struct SweepCheckpoint {
  let path: String

  /// The checkpoint of a sweep that writes files of this name.
  init(for output: String) { path = output + ".checkpoint" }

  func read() throws -> SweepDocument {
    let bytes = Data(try Files.read(path))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let document = try? decoder.decode(SweepDocument.self, from: bytes),
      document.format == SweepDocument.formatName, document.version == SweepDocument.currentVersion
    else { throw CommandFailure(.malformed, "'\(path)' is no checkpoint of a sweep by this Quell") }
    return document
  }

  func write(_ document: SweepDocument) throws { try Files.write(JSONDocument.encode(document), to: path) }

  func remove() { unlink(path) }
}
