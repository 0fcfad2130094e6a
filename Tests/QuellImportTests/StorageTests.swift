import Foundation
import Quell
import Testing

@testable import QuellImport

/// What becomes of weights in the model file: converted as asked, or kept where they are integers already.
struct StorageTests {
  /// An imported graph: its report, the formats of its tensors, and its logits.
  private struct Imported {
    var storage: [ImportReport.Storage]
    var formats: [String: WeightFormat]
    var logits: [[Float]]
  }

  private func imported(_ graph: GraphBuilder, _ weights: WeightType = .source, _ tokens: [UInt32] = [0, 1]) throws -> Imported {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let output = folder.appendingPathComponent("graph.gguf").path
      let report = try importONNX(from: input.path, to: output, options: ImportOptions(weights: weights))
      let tensors = try Model(path: output).tensors.map { ($0.name, $0.format) }
      return Imported(
        storage: report.storage, formats: Dictionary(uniqueKeysWithValues: tensors), logits: try run(output, tokens, contextLength: 8))
    }
  }

  // Bounds: what the formats can do. A float of n bits of fraction is off by 2^-(n+1) at most, an integer by half a step of 1/127
  // or 1/8 of the greatest weight; errors of many weights cancel in part.
  @Test(arguments: ["rwkv_dy_step", "opt_optimum_past_tied"])
  func everyTypeIsAsCloseAsItsNumbers(_ name: String) throws {
    let fixture = try Fixture(name)
    let bounds: [(WeightType, WeightFormat, Double)] = [
      (.f32, .f32, 1e-5), (.source, .f32, 1e-5), (.f16, .f16, 2e-3), (.bf16, .bf16, 1.5e-2), (.int8, .int8, 3e-2), (.int4, .int4, 0.3),
    ]
    for (weights, format, bound) in bounds {
      try withFolder { folder in
        let output = folder.appendingPathComponent("model.gguf").path
        let report = try importONNX(from: fixture.path, to: output, options: ImportOptions(weights: weights))
        #expect(report.storage.allSatisfy { $0.stored == "\(format)" && $0.source == "f32" && $0.isKept == (format == .f32) })
        let error = relativeError(try run(output, fixture.tokens), fixture.logits)
        #expect(error <= bound && (error > 0 || format == .f32), "\(weights): \(error)")
      }
    }
  }

  /// x = (1, -2) or (3, 4), times a matrix of codes with two outputs.
  private func graph(codes: [UInt8], type: Int, scales: [Float], zeros: [UInt8]) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, -2, 3, 4, 0, 0])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.codes("codes", type: type, [2, 2], codes)
    graph.reals("scales", scales.count == 1 ? [] : [scales.count], scales)
    graph.codes("zeros", type: type, scales.count == 1 ? [] : [scales.count], zeros)
    graph.node("DequantizeLinear", ["codes", "scales", "zeros"], ["head"], ints: ["axis": 1])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 2])
    return graph
  }

  private struct Kept: CustomTestStringConvertible {
    let testDescription: String
    let codes: [UInt8]
    let type: Int
    let scales: [Float]
    let zeros: [UInt8]
    let isKept: Bool
    let logits: [[Float]]
  }

  private static let kept = [
    Kept(
      testDescription: "int8, one scale", codes: [1, 0x80, 0xff, 127], type: 3, scales: [0.5], zeros: [0], isKept: true,
      logits: [[1.5, -191], [-0.5, 62]]),
    Kept(
      testDescription: "uint8 about 128, a scale for each output", codes: [129, 0, 127, 255], type: 2, scales: [0.5, 2], zeros: [128],
      isKept: true, logits: [[1.5, -764], [-0.5, 248]]),
    Kept(
      testDescription: "uint8 about less, whose codes stay in range", codes: [100, 0, 227, 55], type: 2, scales: [1], zeros: [100],
      isKept: true, logits: [[-254, -10], [508, -480]]),
    Kept(
      testDescription: "uint8 whose codes leave the range", codes: [255, 0, 1, 2], type: 2, scales: [1], zeros: [0], isKept: false,
      logits: [[253, -4], [769, 8]]),
    Kept(
      testDescription: "int4", codes: [0x81, 0x7f], type: 22, scales: [1, 2], zeros: [0], isKept: true,
      logits: [[3, -44], [-1, 8]]),
  ]

  @Test(arguments: kept)
  private func integersAreKeptWhereEightBitsHoldThem(_ example: Kept) throws {
    let zeros = example.zeros + (example.scales.count > 1 ? example.zeros : [])
    // Two half bytes to the byte: a zero point for each of two outputs is one byte.
    var graph = graph(
      codes: example.codes, type: example.type, scales: example.scales, zeros: example.type == 22 ? example.zeros : zeros)
    graph.opset = 21
    for weights in [WeightType.source, .int8] where weights == .source || example.isKept {
      let result = try imported(graph, weights)
      let head = try #require(result.storage.first { $0.kind == "head" })
      #expect(head.isKept == example.isKept && head.stored == (example.isKept ? "int8" : "f16"))
      #expect(head.source == (example.type == 2 ? "uint8" : example.type == 3 ? "int8" : "int4"))
      #expect(result.formats.keys.contains { $0.hasSuffix(".scale") } == (example.isKept || weights == .int8))
      if weights == .source { #expect(result.logits == example.logits) }
    }
    let converted = try imported(graph, .f32)
    #expect(converted.storage.allSatisfy { $0.stored == "f32" } && converted.logits == example.logits)
  }

  @Test func aTableIsKeptWithAScaleForEachRowAndNotForEachColumn() throws {
    for (axis, isKept) in [(0, true), (1, false)] {
      var graph = GraphBuilder()
      graph.input("token", type: 7, [1])
      graph.codes("codes", type: 3, [2, 2], [1, 0xff, 2, 3])
      graph.reals("scales", [2], [2, 0.5])
      graph.codes("zeros", type: 3, [2], [0, 0])
      graph.node("DequantizeLinear", ["codes", "scales", "zeros"], ["table"], ints: ["axis": axis])
      graph.node("Gather", ["table", "token"], ["x"])
      graph.reals("head", [2, 2], [1, 0, 0, 1])
      graph.node("MatMul", ["x", "head"], ["logits"])
      graph.output("logits", [1, 2])
      let result = try imported(graph)
      let table = try #require(result.storage.first { $0.kind == "embedding" })
      #expect(table.isKept == isKept && table.stored == (isKept ? "int8" : "f16"))
      #expect(result.logits == (isKept ? [[2, -2], [1, 1.5]] : [[2, -0.5], [4, 1.5]]))
    }
  }

  @Test func aTableThatIsTheHeadTooHasOneScaleForBoth() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    // Rows whose greatest magnitude is 127 times a power of two are integers times a scale without rounding.
    graph.reals("table", [2, 2], [127, -64, 0.25, 31.75])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("Transpose", ["table"], ["head"])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 2])
    let result = try imported(graph, .int8)
    #expect(result.storage.count == 1 && result.storage[0].kind == "embedding+head" && !result.storage[0].isKept)
    #expect(result.formats.values.filter { $0 == .int8 }.count == 1)
    #expect(result.logits == [[20225, -2000.25], [-2000.25, 1008.125]])
  }

  @Test func rowsThatAreNoWholeBlocksBecomeEightBits() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [2, 32], (0..<64).map { Float($0 - 32) })
    graph.node("Gather", ["table", "token"], ["x"])
    graph.reals("head", [32, 2], (0..<64).map { Float($0 % 5) })
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 2])
    let stored = try imported(graph, .int4).storage.map { [$0.kind, $0.stored] }
    #expect(stored == [["embedding", "int4"], ["head", "int8"]])
  }
}

/// The length of the difference of two lists of logits by the length of the second.
func relativeError(_ logits: [[Float]], _ expected: [[Float]]) -> Double {
  var (difference, length) = (0.0, 0.0)
  for (row, other) in zip(logits, expected) {
    for (logit, number) in zip(row, other) {
      difference += pow(Double(logit) - Double(number), 2)
      length += pow(Double(number), 2)
    }
  }
  return (difference / length).squareRoot()
}
