import Foundation
import RandomNumbers
import Testing

@testable import QuellImport

/// Files that are not what they should be: every one gives a failure or a model, and never more.
struct DamageTests {
  @Test func truncationAtAnyLengthIsRefused() throws {
    let data = try Data(contentsOf: fixtures.appendingPathComponent("opt_dy_past_eager/model.onnx"))
    var numbers = SplitMix(state: 1)
    try withFolder { folder in
      let input = folder.appendingPathComponent("cut.onnx")
      let output = folder.appendingPathComponent("model.gguf").path
      for _ in 0..<200 {
        let length = Int.random(in: 1..<data.count, using: &numbers)
        try data.prefix(length).write(to: input)
        let failure = try #require(importFailure(input.path, output), "a file cut to \(length) bytes was imported")
        #expect(failure.kind == .malformed || failure.kind == .unsupported)
        #expect(!FileManager.default.fileExists(atPath: output))
      }
    }
  }

  @Test(arguments: [
    "opt_optimum_past", "rwkv_dy_step", "rwkv_dynuint8", "opt_int4_asym_qop", "Attention/standard_window",
    "Attention/contributed_projection_step", "Decoders/llama_contributed_operators", "Decoders/llama_standard_operators",
    "Decoders/llama_torchscript_full", "Decoders/rwkv7_torchscript_step", "Decoders/mamba_torchscript_step",
  ])
  func damagedBytesNeverCrash(_ name: String) throws {
    let data = try Data(contentsOf: fixtures.appendingPathComponent("\(name)/model.onnx"))
    // The graph's structure is in the bytes outside large tensors; damage there is what matters.
    var numbers = SplitMix(state: 2)
    try withFolder { folder in
      let input = folder.appendingPathComponent("damaged.onnx")
      let output = folder.appendingPathComponent("model.gguf").path
      for _ in 0..<100 {
        var damaged = data
        for _ in 0..<Int.random(in: 1...8, using: &numbers) {
          let near = Bool.random(using: &numbers) ? 60_000 : data.count
          damaged[Int.random(in: 0..<min(near, data.count), using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
        }
        try damaged.write(to: input)
        if importFailure(input.path, output) == nil {
          #expect(FileManager.default.fileExists(atPath: output))
          try FileManager.default.removeItem(atPath: output)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["damaged.onnx"])
      }
    }
  }

  @Test func whatIsNoModelIsNamed() throws {
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      let missing = try #require(importFailure(folder.appendingPathComponent("missing.onnx").path, output))
      #expect(missing.kind == .unreadable && missing.message.contains("missing.onnx"))
      let directory = try #require(importFailure(folder.path, output))
      #expect(directory.kind == .unreadable && directory.message.contains("not a regular file"))
      let empty = folder.appendingPathComponent("empty.onnx")
      try Data().write(to: empty)
      #expect(importFailure(empty.path, output)?.kind == .malformed)
      let text = folder.appendingPathComponent("text.onnx")
      try Data("Once upon a time there was no model here at all.".utf8).write(to: text)
      #expect(importFailure(text.path, output)?.kind == .malformed)
    }
  }

  @Test func anUnknownOperatorIsNamedWithItsNode() throws {
    var data = try Data(contentsOf: fixtures.appendingPathComponent("rwkv_dy_step/model.onnx"))
    let place = try #require(data.range(of: Data("Sigmoid".utf8)))
    data.replaceSubrange(place, with: Data("Sigmoyd".utf8))
    try withFolder { folder in
      let input = folder.appendingPathComponent("unknown.onnx")
      try data.write(to: input)
      let failure = try #require(importFailure(input.path, folder.appendingPathComponent("model.gguf").path))
      #expect(failure.kind == .unsupported)
      #expect(failure.message.contains("Sigmoyd") && failure.message.contains("node_sigmoid"))
    }
  }
}
