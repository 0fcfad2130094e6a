import Foundation
import Quell

@testable import QuellTool

/// A kind of file that the host reads, by the letter that the fuzzer of JSON begins with.
///
/// A zero byte, which no text of these kinds has, separates the file from others that are read with it.
enum HostFile: Character, CaseIterable {
  case thresholds = "t"
  case device = "d"
  case siteSparsity = "s"
  case search = "r"
  case sweep = "w"
  case lambada = "l"
  case piqa = "p"
  case hellaswag = "h"
  case winogrande = "g"
  case arc = "a"
  /// A tokenizer; then its configuration, then a text.
  case tokenizer = "k"
  /// A graph; where it begins with a zero byte, which none does, then two bytes with the size of a file of weights, and that file.
  case onnx = "o"

  /// Whether the fuzzer of JSON knows it; the others have fuzzers of their own.
  var isJSON: Bool { self != .tokenizer && self != .onnx }
}

/// What must not be, whatever bytes are read.
struct Violation: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Reads bytes as files of a kind would be read, and uses what is accepted.
final class HostFileReader {
  /// The folder that the files lie in, which has nothing else in it between one and the next.
  let folder: URL
  /// The models that files are for, of some kilobytes.
  let small: Model
  /// One with a token for each byte.
  let bytes: Model
  let tokens: [UInt32] = [3, 1, 4, 0, 2, 5]

  lazy var thresholdSession = Result { try Session(small, contextLength: 4) }
  lazy var sweep = Result { try makeSweep() }

  init() throws {
    let samples = KeptInputs.tests.appendingPathComponent("Compatibility/1")
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("quell-files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    small = try Model(path: samples.appendingPathComponent("small.gguf").path)
    bytes = try Model(path: samples.appendingPathComponent("bytes.gguf").path)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Whether the bytes are accepted. What was accepted has been used; what was refused has said why, in one line.
  func use(_ bytes: [UInt8], as kind: HostFile) throws -> Bool {
    let isAccepted = try refusing {
      switch kind {
      case .thresholds: try useThresholds(bytes)
      case .device: try useDevice(bytes)
      case .siteSparsity: try useSiteSparsity(bytes)
      case .search: try useSearch(bytes)
      case .sweep: try useSweep(bytes)
      case .lambada: try useTask(bytes, .lambada)
      case .piqa: try useTask(bytes, .piqa)
      case .hellaswag: try useTask(bytes, .hellaswag)
      case .winogrande: try useTask(bytes, .winogrande)
      case .arc: try useTask(bytes, .arc)
      case .tokenizer: try useTokenizer(bytes)
      case .onnx: try useGraph(bytes)
      }
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    guard left.isEmpty else { throw Violation("left behind: \(left.sorted())") }
    return isAccepted
  }

  /// The path of a file with these bytes, which is there while `body` runs.
  func withFile<Result>(_ bytes: some Collection<UInt8>, _ name: String, _ body: (String) throws -> Result) throws -> Result {
    let path = folder.appendingPathComponent(name).path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    return try body(path)
  }

  /// The parts of an input between zero bytes, at most so many; what is missing is empty.
  func parts(_ bytes: [UInt8], _ count: Int) -> [[UInt8]] {
    let parts = bytes.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false).map { Array($0) }
    return parts + [[UInt8]](repeating: [], count: count - parts.count)
  }
}
