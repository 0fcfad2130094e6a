import Foundation
import Quell
import Testing

@testable import QuellImport

/// The model file: written whole or not at all, by anyone who has tensors and keys.
struct WritingTests {
  /// logits = head * table[token], with two tokens of width two, by hand.
  private func handmade(_ path: String) throws {
    let operations: [UInt32] = [
      1, 0, 0, 0, 0, .max, 0, 0,  // row of tensor 0 by the token into value 0, no scale
      6, 0, 0, 0, 0, 0, 0, 0,  // events of site 0 from value 0
      7, 1, 0, .max, .max, 1, 0, 0,  // linear with tensor 1, input-major, no bias and no scale, into value 1
    ]
    try GGUFWriter.write(
      to: path,
      pairs: [
        GGUFPair("general.architecture", .string("quell")), GGUFPair("general.alignment", .uint32(64)),
        GGUFPair("general.name", .string("by hand")), GGUFPair("quell.version", .uint32(1)),
        GGUFPair("quell.vocabulary_size", .uint32(2)), GGUFPair("quell.context_length", .uint32(0)),
        GGUFPair("quell.state_size", .uint32(0)), GGUFPair("quell.state_fill", .uint32Array([])),
        GGUFPair("quell.scratch_size", .uint32(32)), GGUFPair("quell.values", .uint32Array([2, 0, 2, 2, 16, 2])),
        GGUFPair("quell.caches", .uint32Array([])), GGUFPair("quell.operations", .uint32Array(operations)),
        GGUFPair("quell.logits", .uint32(1)), GGUFPair("quell.sites", .stringArray(["head"])),
        GGUFPair("quell.site_kinds", .stringArray(["head"])), GGUFPair("quell.thresholds", .float32Array([0])),
      ],
      tensors: [
        GGUFTensor(name: "table", dimensions: [2, 2], values: [1, 2, 3, 4]),
        GGUFTensor(name: "head", dimensions: [2, 2], values: [10, 20, 30, 40]),
      ])
  }

  @Test func aHandmadeModelRuns() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.gguf").path
      try handmade(path)
      // Token 0 is (1, 2): 1 * (10, 20) + 2 * (30, 40); token 1 is (3, 4).
      #expect(try run(path, [0, 1]) == [[70, 100], [150, 220]])
      #expect(try Model(path: path).name == "by hand")
    }
  }

  @Test func extraKeysTravel() throws {
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf")
      let options = ImportOptions(name: "a name", metadata: [GGUFPair("extra.words", .stringArray(["one", "zwei"]))])
      try importONNX(from: Fixture("rwkv_dy_step").path, to: output.path, options: options)
      let head = try Data(contentsOf: output).prefix(100_000)
      #expect(head.range(of: Data("extra.words".utf8)) != nil && head.range(of: Data("zwei".utf8)) != nil)
      #expect(try Model(path: output.path).name == "a name")
    }
  }

  @Test func failuresLeaveNothingBehind() throws {
    let fixture = try Fixture("rwkv_dy_step")
    try withFolder { folder in
      let nowhere = folder.appendingPathComponent("no/such/folder/model.gguf").path
      #expect(importFailure(fixture.path, nowhere)?.kind == .unwritable)

      let copy = folder.appendingPathComponent("model.onnx")
      try FileManager.default.copyItem(atPath: fixture.path, toPath: copy.path)
      let before = try Data(contentsOf: copy)
      #expect(importFailure(copy.path, copy.path)?.kind == .unwritable)
      #expect(try Data(contentsOf: copy) == before)

      var polls = 0
      let options = ImportOptions(progress: { _, _ in
        polls += 1
        return polls <= 6
      })
      let output = folder.appendingPathComponent("model.gguf").path
      #expect(importFailure(copy.path, output, options)?.kind == .cancelled)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.onnx"])
    }
  }

  @Test func aFullDiskIsAnError() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    #expect(importFailure(try Fixture("rwkv_dy_step").path, "/dev/full")?.kind == .unwritable)
  }
}
