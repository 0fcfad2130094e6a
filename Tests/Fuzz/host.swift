// The fuzzers of what the host reads, as one program that goes by the name that it is called by: `json`, whose inputs begin with the letter of a
// kind of file, `tokenizer` and `onnx`; and `host-damage COUNT`, which does what DamageTests does, with so many random changes.
// Tests/QuellFileTests/Readers has what is done with the files.
import Foundation

private let name = URL(fileURLWithPath: CommandLine.arguments[0]).lastPathComponent
// libFuzzer calls from one thread.
nonisolated(unsafe) private let reader = Result { try HostFileReader() }

/// Damages files where that is what was asked for, and ends the program.
@c(LLVMFuzzerInitialize)
public func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
  guard name == "host-damage", let changes = CommandLine.arguments.last.flatMap({ Int($0) }) else { return 0 }
  do {
    for kind in HostFile.allCases {
      let run = try DamageRun(kind, changes: changes)
      print("\(kind): \(run.refused) refused, \(run.accepted) used")
    }
    exit(0)
  } catch {
    print(error)
    exit(1)
  }
}

/// Uses an input; -1 where it is none that is worth keeping.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: data, count: size))
  guard let kind = kind(of: &bytes) else { return -1 }
  do {
    _ = try reader.get().use(bytes, as: kind)
  } catch {
    fatalError("\(error)")
  }
  return 0
}

private func kind(of bytes: inout [UInt8]) -> HostFile? {
  switch name {
  case "tokenizer": return .tokenizer
  case "onnx": return .onnx
  default:
    guard !bytes.isEmpty, let kind = HostFile(rawValue: Character(Unicode.Scalar(bytes.removeFirst()))), kind.isJSON else { return nil }
    return kind
  }
}
