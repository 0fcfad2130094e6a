import Foundation
import Quell
import Testing

@testable import QuellImport

/// Ternary matrices that meet whole numbers of 8 bits.
struct TernaryImportTests {
  /// A micro MatMul-free model with thresholds, as both of torch's exporters write it, against PyTorch.
  @Test(arguments: ["matmulfree_torchscript_step", "matmulfree_dynamo_step"])
  func aMatMulFreeModelGivesItsLogits(_ name: String) throws {
    let fixture = try Fixture("Decoders/\(name)")
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      let report = try importONNX(from: fixture.path, to: output)
      #expect(report.normalizations == 6 && report.thresholds == 8)
      // f, i and g, then gate and up, share their inputs; the embedding is no matrix of a product.
      let stored = report.storage.filter { $0.stored == "ternary" }
      #expect(stored.reduce(0) { $0 + $1.matrices } == 5 && stored.allSatisfy { $0.isKept })
      #expect(report.sites.map(\.threshold) == [25, 25, 25, 25, 25])
      let logits = try run(output, fixture.tokens)
      #expect(logits.count == 256 && logits.count == fixture.logits.count)
      #expect(relativeError(logits, fixture.logits) <= 1e-3)
      #expect(zip(logits, fixture.logits).count { $0.argMax == $1.argMax } >= 254)
      try converting(output, folder, logits, fixture.tokens)
    }
  }

  /// What is read back and written again is the same, with other thresholds, too; single precision is there for who asks for it.
  private func converting(_ path: String, _ folder: URL, _ logits: [[Float]], _ tokens: [UInt32]) throws {
    let copy = folder.appendingPathComponent("copy.gguf").path
    try convertModel(from: path, to: copy, options: ConversionOptions(siteSparsity: [0, 0, 0, 0, 0]))
    #expect(try Model(path: copy).tensors.count { $0.format == .ternary } == 5)
    #expect(try run(copy, tokens) == logits)
    let dense = folder.appendingPathComponent("dense.gguf").path
    try convertModel(from: copy, to: dense, options: ConversionOptions(thresholds: [0, 0, 0, 0, 0]))
    #expect(try run(dense, tokens) != logits)
    let wide = folder.appendingPathComponent("wide.gguf").path
    try convertModel(from: path, to: wide, options: ConversionOptions(weights: .f32))
    #expect(try Model(path: wide).tensors.allSatisfy { $0.format == .f32 })
    #expect(relativeError(try run(wide, tokens), logits) < 1e-5)
  }

  /// A graph `round(clip(x * 127))` or the like, times a matrix of 64 outputs, with a bias or without, and how the matrix is stored.
  private func stored(
    weights: [Float], bias: [Float]? = nil, type: WeightType = .source,
    _ make: (inout GraphBuilder) -> Void = { $0.quantize("x", -128, 127) }
  ) throws -> String {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [64, 2], (0..<128).map { Float($0 % 17) / 9 - 1 })
    graph.node("Gather", ["table", "token"], ["x"])
    graph.reals("weight", [2, 64], weights)
    make(&graph)
    graph.node("MatMul", ["whole", "weight"], [bias == nil ? "logits" : "sums"])
    if let bias {
      graph.reals("bias", [64], bias)
      graph.node("Add", ["sums", "bias"], ["logits"])
    }
    graph.output("logits", [1, 64])
    return try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let output = folder.appendingPathComponent("graph.gguf").path
      let report = try importONNX(from: input.path, to: output, options: ImportOptions(weights: type))
      let numbers = (0..<2).map { input in
        let x = (Float((0 + input) % 17) / 9 - 1) * 100
        return min(max(x.rounded(.toNearestOrEven), -128), 127)
      }
      let expected = (0..<64).map { numbers[0] * weights[$0] + numbers[1] * weights[64 + $0] + (bias?[$0] ?? 0) }
      let logits = try run(output, [0], contextLength: 4)
      #expect(zip(logits[0], expected).allSatisfy { abs($0 - $1) <= 1e-4 * abs($1) })
      let isScaled = try Model(path: output).tensors.contains { $0.name.hasSuffix(".scale") }
      return (report.storage.first { $0.kind == "head" }?.stored ?? "") + (isScaled ? ", scaled" : "")
    }
  }

  private let ternary = (0..<128).map { Float(($0 * 7) % 3 - 1) * 0.25 }

  @Test func whatIsTernaryIsStoredSo() throws {
    #expect(try stored(weights: ternary) == "ternary, scaled")
    #expect(try stored(weights: ternary, type: .int8) == "ternary, scaled")
    #expect(try stored(weights: ternary, type: .f32) == "f32")
    // What stands for itself, but where a bias is added to sums.
    #expect(try stored(weights: ternary.map { $0 * 4 }) == "ternary")
    #expect(try stored(weights: ternary.map { $0 * 4 }, bias: (0..<64).map { Float($0) * 0.3 }) == "ternary, scaled")
    // A magnitude for each output; two for one.
    #expect(try stored(weights: ternary.enumerated().map { $1 * Float($0 % 64 + 1) }) == "ternary, scaled")
    #expect(try stored(weights: ternary.enumerated().map { $0 == 3 ? 0.5 : $1 }.enumerated().map { $0 == 67 ? 0.25 : $1 }) == "f32")
    // Nothing but zeros.
    #expect(try stored(weights: [Float](repeating: 0, count: 128)) == "ternary")
  }

  @Test func onlyWholeNumbersOfEightBitsAreTakenForSuch() throws {
    #expect(try stored(weights: ternary) { $0.quantize("x", -200, 300, roundsLast: true) } == "f32")
    #expect(try stored(weights: ternary) { $0.quantize("x", -127, 127, roundsLast: true) } == "ternary, scaled")
    #expect(try stored(weights: ternary) { $0.quantize("x", -128, 128) } == "f32")
    #expect(try stored(weights: ternary) { $0.quantize("x", -127.5, 127) } == "f32")
    #expect(
      try stored(weights: ternary) {
        $0.reals("factor", [], [100])
        $0.node("Mul", ["x", "factor"], ["scaled"])
        $0.node("Round", ["scaled"], ["whole"])
      } == "f32")
  }
}

extension GraphBuilder {
  /// Adds `whole`: a vector times 100, rounded, and kept within bounds.
  fileprivate mutating func quantize(_ source: String, _ low: Float, _ high: Float, roundsLast: Bool = false) {
    reals("factor", [], [100])
    reals("low", [], [low])
    reals("high", [], [high])
    node("Mul", [source, "factor"], ["scaled"])
    if roundsLast {
      node("Clip", ["scaled", "low", "high"], ["clipped"])
      node("Round", ["clipped"], ["whole"])
    } else {
      node("Round", ["scaled"], ["rounded"])
      node("Clip", ["rounded", "low", "high"], ["whole"])
    }
  }
}
