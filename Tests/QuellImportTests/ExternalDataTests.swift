import Foundation
import Testing

@testable import QuellImport

/// Weights in files beside the model: only there, and only as far as those files go.
struct ExternalDataTests {
  private func graph(_ entries: [String: String]) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.external("table", [2, 2], entries)
    graph.reals("head", [2, 2], [1, 0, 0, 1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 2])
    return graph
  }

  /// What becomes of a model in a folder with `weights.bin`, which holds 9, 1, 2, 3, 4.
  private func result(_ entries: [String: String], _ prepare: (URL) throws -> Void = { _ in }) throws -> (ImportFailure?, [[Float]]) {
    try withFolder { outer in
      let folder = outer.appendingPathComponent("model")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let numbers: [Float] = [9, 1, 2, 3, 4]
      let data = numbers.withUnsafeBytes { Data($0) }
      try data.write(to: folder.appendingPathComponent("weights.bin"))
      try data.write(to: outer.appendingPathComponent("outside.bin"))
      try prepare(folder)
      let input = folder.appendingPathComponent("graph.onnx")
      try graph(entries).model.write(to: input)
      let output = outer.appendingPathComponent("graph.gguf").path
      if let failure = importFailure(input.path, output) { return (failure, []) }
      return (nil, try run(output, [0, 1]))
    }
  }

  @Test func aRangeOfAFileBesideTheModel() throws {
    let (failure, logits) = try result(["location": "weights.bin", "offset": "4", "length": "16"])
    #expect(failure == nil && logits == [[1, 2], [3, 4]])
    #expect(try result(["location": "./weights.bin", "offset": "4"]).1 == [[1, 2], [3, 4]])
    let below = try result(["location": "data/weights.bin", "offset": "4"]) { folder in
      try FileManager.default.createDirectory(at: folder.appendingPathComponent("data"), withIntermediateDirectories: true)
      try FileManager.default.moveItem(
        at: folder.appendingPathComponent("weights.bin"), to: folder.appendingPathComponent("data/weights.bin"))
    }
    #expect(below.1 == [[1, 2], [3, 4]])
  }

  @Test(arguments: [
    ["location": "../outside.bin", "offset": "4"], ["location": "/etc/passwd"], ["location": "/dev/zero"],
    ["location": "data/../../outside.bin"], ["location": ""], [:], ["location": "weights.bin", "offset": "-4"],
    ["location": "weights.bin", "offset": "8"], ["location": "weights.bin", "offset": "99999999999999999999"],
    ["location": "weights.bin", "offset": "4", "length": "1000000"], ["location": "weights.bin", "offset": "4", "length": "12"],
  ])
  func whatLiesOutsideIsRefused(_ entries: [String: String]) throws {
    let failure = try #require(try result(entries).0)
    #expect(failure.kind == .malformed && failure.message.contains("\"table\""))
  }

  @Test func linksAndMissingFilesAreRefused() throws {
    #expect(try result(["location": "missing.bin"]).0?.kind == .unreadable)
    let symbolic = try result(["location": "link.bin", "offset": "4"]) { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder.appendingPathComponent("link.bin").path, withDestinationPath: "weights.bin")
    }
    #expect(symbolic.0?.kind == .unreadable)
    let hard = try result(["location": "hard.bin", "offset": "4"]) { folder in
      try FileManager.default.linkItem(
        at: folder.appendingPathComponent("../outside.bin"), to: folder.appendingPathComponent("hard.bin"))
    }
    #expect(hard.0?.kind == .malformed)
    let folder = try result(["location": "inner"]) { folder in
      try FileManager.default.createDirectory(at: folder.appendingPathComponent("inner"), withIntermediateDirectories: true)
    }
    #expect(folder.0?.kind == .malformed && folder.0?.message.contains("\"inner\"") == true)
    // Opening a pipe that nobody writes to must not wait.
    let pipe = try result(["location": "pipe"]) { folder in #expect(mkfifo(folder.appendingPathComponent("pipe").path, 0o600) == 0) }
    #expect(pipe.0?.kind == .malformed && pipe.0?.message.contains("\"pipe\"") == true)
    let linkedFolder = try result(["location": "elsewhere/outside.bin", "offset": "4"]) { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder.appendingPathComponent("elsewhere").path, withDestinationPath: "..")
    }
    #expect(linkedFolder.0?.kind == .unreadable)
  }
}
