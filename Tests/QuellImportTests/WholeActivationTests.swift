import Foundation
import Quell
import Testing

@testable import QuellImport

/// Models whose matrices of 8-bit integers meet whole numbers of 8 bits.
@Suite struct WholeActivationTests {
  /// Four tokens of four numbers, a layer with a rectifier, and a head, all of numbers that 8-bit integers hold.
  private struct Layers {
    static let table: [[Float]] = [[127, -3, 40, 8], [-127, 64, 0, 1], [0, 127, -60, 13], [127, 127, -127, 50]].map { $0.map { $0 / 32 } }
    static let first: [[Float]] = [[127, 5, -127, 60], [-11, 127, 3, 127], [64, -127, 9, 1], [0, 33, 127, -90]]
    static let second: [[Float]] = [[127, 127, 2, -127], [1, 0, 127, 8], [-127, 44, 3, 127], [12, 100, -5, 76]]
    static let biases: [[Float]] = [[20, -100, 3.5, 0.25], [-1, 2, 1000, 0.125]]

    static var graph: GraphBuilder {
      var graph = GraphBuilder()
      graph.input("token", type: 7, [1])
      graph.reals("table", [4, 4], table.flatMap { $0 })
      for (number, weights) in [first, second].enumerated() {
        graph.reals("weights\(number)", [4, 4], weights.flatMap { $0 })
        graph.reals("bias\(number)", [4], biases[number])
      }
      graph.node("Gather", ["table", "token"], ["x"])
      graph.node("MatMul", ["x", "weights0"], ["product"])
      graph.node("Add", ["product", "bias0"], ["sum"])
      graph.node("Relu", ["sum"], ["hidden"])
      graph.node("MatMul", ["hidden", "weights1"], ["head"])
      graph.node("Add", ["head", "bias1"], ["logits"])
      graph.output("logits", [1, 4])
      return graph
    }

    /// A linear layer of whole numbers, as it is defined.
    static func linear(_ x: [Float], _ weights: [[Float]], _ bias: [Float], threshold: Float) -> [Float] {
      let greatest = x.map { abs($0) }.max()!
      let whole = x.map { abs($0) > threshold ? ($0 * (127 / greatest)).rounded(.toNearestOrEven) : 0 }
      return (0..<4).map { output in
        let sum = (0..<4).reduce(0) { $0 + Int(whole[$1]) * Int(weights[$1][output]) }
        return Float(sum) * (greatest / 127) + bias[output]
      }
    }

    static func logits(_ token: Int, thresholds: [Float] = [0, 0]) -> [Float] {
      let hidden = linear(table[token], first, biases[0], threshold: thresholds[0]).map { max($0, 0) }
      return linear(hidden, second, biases[1], threshold: thresholds[1])
    }
  }

  @Test(arguments: [[0, 0], [0.3, 60], [3.9, 0], [0, 1e9]] as [[Float]]) func sumsAreOfWholeNumbers(_ thresholds: [Float]) throws {
    try withFolder { folder in
      let (graph, model, rounded) = ("graph.onnx", "model.gguf", "rounded.gguf")
      let path = { (name: String) in folder.appendingPathComponent(name).path }
      try Layers.graph.model.write(to: URL(fileURLWithPath: path(graph)))
      try importONNX(from: path(graph), to: path(model), options: ImportOptions(weights: .int8))
      try convertModel(from: path(model), to: path(rounded), options: ConversionOptions(activations: .int8, thresholds: thresholds))
      let written = try Model(path: path(rounded))
      #expect(written.tensors.count { $0.format == .int8 } == 3 && written.sites.map(\.threshold) == [0, 0])
      for token in 0..<4 {
        #expect(try run(path(rounded), [UInt32(token)]) == [Layers.logits(token, thresholds: thresholds)], "token \(token)")
      }
      // A threshold that is given now is one of whole numbers: that of each vector's greatest is 127.
      let session = try Session(written)
      try session.setThreshold(126, site: 0)
      try session.step(1)
      #expect(session.eventCounts[0] == 1)
    }
  }

  @Test(arguments: ["rwkv_ts_step", "opt_optimum_past", "opt_optimum_past_tied"])
  func decodersStayNearToWhatTheyWere(_ name: String) throws {
    try withFolder { folder in
      let path = { (name: String) in folder.appendingPathComponent("\(name).gguf").path }
      let fixture = try Fixture(name)
      try importONNX(from: fixture.path, to: path("model"), options: ImportOptions(weights: .f32))
      let before = try run(path("model"), fixture.tokens, contextLength: 32)
      try convertModel(from: path("model"), to: path("int8"), options: ConversionOptions(weights: .int8, activations: .int8))
      let after = try run(path("int8"), fixture.tokens, contextLength: 32)
      #expect(after != before && relativeError(after, before) < 0.1)
      // Several tokens at a time are the same.
      let session = try Session(Model(path: path("int8")), contextLength: 32, batch: 4)
      var all: [[Float]] = []
      try session.visitLogits(fixture.tokens) { _, logits in all.append(Array(logits)) }
      #expect(all == after)
    }
  }

  @Test func whatIsWholeStaysAndWhatIsNoIntegerIsRefused() throws {
    try withFolder { folder in
      let path = { (name: String) in folder.appendingPathComponent("\(name).gguf").path }
      try importONNX(from: try Fixture("Decoders/matmulfree_dynamo_step").path, to: path("ternary"))
      try convertModel(from: path("ternary"), to: path("same"), options: ConversionOptions(activations: .int8))
      #expect(try Model(path: path("same")).operations == Model(path: path("ternary")).operations)
      try importONNX(from: try Fixture("rwkv_ts_step").path, to: path("wide"), options: ImportOptions(weights: .f32))
      for weights in [WeightType.source, .f16, .int4] {
        let failure = try #require(conversionFailure(path("wide"), path("no"), ConversionOptions(weights: weights, activations: .int8)))
        #expect(failure.kind == .unsupported && failure.message.contains("int8 weights"))
      }
    }
  }
}
