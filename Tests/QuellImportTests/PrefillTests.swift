import Foundation
import Quell
import Testing

@testable import QuellImport

/// Several tokens at a time, by several threads, against one step after the other: not a bit may differ.
@Suite struct PrefillTests {
  private static let names = ["rwkv_ts_step", "opt_optimum_past", "opt350_optimum_past", "rwkv_axkuhta_op12"]
  private static let decoders = ["llama_torchscript_past", "mamba_torchscript_step", "rwkv7_torchscript_step"].map { "Decoders/\($0)" }

  private func model(_ name: String, weights: WeightType, in folder: URL) throws -> Model {
    let path = folder.appendingPathComponent("model.gguf").path
    try importONNX(from: try Fixture(name).path, to: path, options: ImportOptions(weights: weights))
    return try Model(path: path)
  }

  @Test(arguments: names + decoders, [WeightType.f32, .int8])
  func prefillIsOneStepAfterTheOther(_ name: String, _ weights: WeightType) throws {
    try withFolder { folder in
      let model = try model(name, weights: weights, in: folder)
      let tokens = try Fixture(name).tokens
      for (batch, threads) in [(2, 1), (5, 1), (64, 1), (4, 3)] {
        let (steps, filled) = (
          try Session(model, contextLength: 64), try Session(model, contextLength: 64, threads: threads, batch: batch)
        )
        for site in model.sites.indices {
          try steps.setThreshold(0.02, site: site)
          try filled.setThreshold(0.02, site: site)
        }
        for token in tokens { try steps.step(token) }
        let place = filled.logits.baseAddress
        try filled.prefill(Array(tokens.prefix(7)))
        try filled.step(tokens[7])
        try filled.prefill(Array(tokens.dropFirst(8)))
        #expect(filled.position == steps.position)
        #expect(Array(filled.logits) == Array(steps.logits), "\(name) by \(batch) with \(threads) threads")
        #expect(filled.logits.baseAddress == place)
        #expect(try filled.save() == steps.save())
        // What comes after the last state is done for the last token of a prompt alone.
        let (one, all) = (filled.eventCounts, steps.eventCounts)
        #expect(one.first == all.first && zip(one, all).allSatisfy { $0 <= $1 } && filled.counts.tokens == steps.counts.tokens)
      }
    }
  }

  @Test(arguments: names + decoders, [WeightType.f32, .int8])
  func logitsOfAllTokensAreThoseOfSteps(_ name: String, _ weights: WeightType) throws {
    try withFolder { folder in
      let model = try model(name, weights: weights, in: folder)
      let tokens = try Fixture(name).tokens
      let steps = try Session(model, contextLength: 64)
      for site in model.sites.indices { try steps.setThreshold(0.02, site: site) }
      let expected = try tokens.map { token in
        try steps.step(token)
        return Array(steps.logits)
      }
      for (batch, threads) in [(2, 1), (5, 1), (64, 3)] {
        let session = try Session(model, contextLength: 64, threads: threads, batch: batch)
        for site in model.sites.indices { try session.setThreshold(0.02, site: site) }
        try session.visitLogits(tokens) { index, logits in
          #expect(Array(logits) == expected[index], "token \(index) of \(name) by \(batch) with \(threads) threads")
        }
        #expect(try session.save() == steps.save())
        #expect(session.counts == steps.counts)
      }
    }
  }

  @Test func theHeadIsAskedOnlyForTheLastTokenOfAPrompt() throws {
    try withFolder { folder in
      let model = try model("rwkv_ts_step", weights: .f32, in: folder)
      let session = try Session(model, batch: 4)
      try session.prefill([1, 2, 3, 4, 5, 6, 7, 8])
      let head = try #require(model.sites.first { $0.isHead })
      #expect(session.counts.headDenseMACs == UInt64(head.inputs * head.outputs))
    }
  }

  /// The plan of prefill, which is worth nothing if linear operations run token by token.
  @Test(arguments: names) func noLinearOperationIsInAStretchThatRunsTokenByToken(_ name: String) throws {
    try withFolder { folder in
      let model = try model(name, weights: .f32, in: folder)
      let session = try Session(model, contextLength: 64, batch: 2)
      let inStretches = session.operationsTokenByToken
      for (index, operation) in model.operations.enumerated() where inStretches.contains(index) {
        if case .linear = operation { Issue.record("operation \(index) of \(name) runs token by token") }
      }
    }
  }
}
