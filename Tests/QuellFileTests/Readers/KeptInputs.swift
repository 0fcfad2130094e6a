import Foundation

/// The inputs that the fuzzers of what the host reads have kept.
enum KeptInputs {
  /// The folder of the tests.
  static let tests = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized

  /// Those of a kind, as the fuzzers would use them.
  static func all(_ kind: HostFile) throws -> [(name: String, bytes: [UInt8])] {
    let folder = tests.appendingPathComponent("Fuzz/Corpus/\(kind.isJSON ? "json" : "\(kind)")")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      (name, Array(try Data(contentsOf: folder.appendingPathComponent(name))))
    }
    guard kind.isJSON else { return files }
    return files.filter { $0.1.first == kind.rawValue.asciiValue }.map { ($0.0, Array($0.1.dropFirst())) }
  }
}
