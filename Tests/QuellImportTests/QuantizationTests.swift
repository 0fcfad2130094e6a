import Foundation
import Quell
import Testing

@testable import QuellImport

/// Quantised weights are what they stand for; quantised activations stay what they are.
struct QuantizationTests {
  // Bounds: 1.05 times the relative error that ONNX Runtime, which also quantises activations, has on the same file.
  @Test(arguments: [
    ("opt_dynint8", 0.0297), ("rwkv_dynuint8", 0.0232), ("opt_int4_asym_qop", 0.1554), ("rwkv_int4_sym_qdq", 0.1597),
  ])
  func exportsAreAsCloseAsTheirWeightsAllow(_ name: String, _ bound: Double) throws {
    let fixture = try Fixture(name)
    try withFolder { folder in
      for weights in [WeightType.source, .f16, .int8] {
        let output = folder.appendingPathComponent("model.gguf").path
        let report = try importONNX(from: fixture.path, to: output, options: ImportOptions(weights: weights))
        #expect((report.quantizations > 0) == name.contains("dyn"))
        #expect(relativeError(try run(output, fixture.tokens), fixture.logits) <= bound)
      }
    }
  }

  @Test func scalesOfAProductGoIntoTheMatrix() throws {
    let (program, _) = try stepProgram(of: MappedFile(path: Fixture("opt_dynint8").path))
    // Scaling and bias are part of the linear operation: nothing multiplies between a linear operation and its reader.
    let multiplied = program.operations.filter { if case .binary(.multiply, _, _, _) = $0 { true } else { false } }
    #expect(multiplied.count <= 4, "\(multiplied.count) multiplications are left")
  }

  // MARK: Small graphs, worked by hand

  private func logits(_ graph: GraphBuilder, _ tokens: [UInt32]) throws -> [[Float]] {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let output = folder.appendingPathComponent("graph.gguf").path
      try importONNX(from: input.path, to: output)
      return try run(output, tokens, contextLength: 8)
    }
  }

  /// A token and a table of which two rows are used, x = (1, -2) or (3, 4).
  private func start(opset: Int = 17, logits: Int = 3) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.opset = opset
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, -2, 3, 4, 0, 0])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.output("logits", [1, .fixed(logits)])
    return graph
  }

  @Test func scalesAndZeroPointsOfAnAxis() throws {
    var graph = start(logits: 2)
    // Columns: (code - zero) * scale = (0, 1) * 2 and (2, -3) * 0.5.
    graph.codes("codes", type: 2, [2, 2], [10, 7, 11, 2])
    graph.reals("scales", [2], [2, 0.5])
    graph.codes("zeros", type: 2, [2], [10, 5])
    graph.node("DequantizeLinear", ["codes", "scales", "zeros"], ["head"], ints: ["axis": 1])
    graph.node("MatMul", ["x", "head"], ["logits"])
    #expect(try logits(graph, [0, 1]) == [[-4, 4], [8, -3]])
  }

  @Test func blocksOfHalfBytesOfWhichTheLastIsShorter() throws {
    var graph = start(opset: 21)
    // The matrix is [[1, -1, 70], [-800, 200, 3000]].
    // Signed half bytes, two to the byte, lowest first: [[1, -1, 7], [-8, 2, 3]] in blocks of 2 along axis 1.
    graph.codes("codes", type: 22, [2, 3], [0xf1, 0x87, 0x32])
    graph.reals("scales", [2, 2], [1, 10, 100, 1000])
    graph.node("DequantizeLinear", ["codes", "scales"], ["head"], ints: ["axis": 1, "block_size": 2])
    graph.node("MatMul", ["x", "head"], ["logits"])
    #expect(try logits(graph, [0, 1]) == [[1601, -401, -5930], [-3197, 797, 12210]])
  }

  @Test func aProductOfWholeNumbers() throws {
    var graph = start()
    graph.node("DynamicQuantizeLinear", ["x"], ["q", "step", "origin"])
    graph.codes("codes", type: 3, [2, 3], [1, 2, 0xff, 0, 0xfe, 3])  // [[1, 2, -1], [0, -2, 3]]
    graph.codes("zero", type: 3, [], [1])
    graph.node("MatMulInteger", ["q", "codes", "origin", "zero"], ["product"])
    graph.node("Cast", ["product"], ["real"], ints: ["to": 1])
    graph.reals("scale", [3], [1, 2, 4])
    graph.node("Mul", ["step", "scale"], ["both"])
    graph.node("Mul", ["real", "both"], ["logits"])
    // The matrix is [[0, 1, -2], [-1, -3, 2]], its columns times 1, 2 and 4.
    #expect(try logits(graph, [0, 1]) == [[2, 14, -24], [-4, -18, 8]])
  }

  @Test func whatAQuantisationCutsOffStaysCutOff() throws {
    // Zero is the least code of the first pair, which so clears negative numbers; of the second it is not.
    for (zero, expected) in [(UInt8(0), [[1, 0, 1], [3, 4, 7]]), (128, [[1, -2, -1], [3, 4, 7]] as [[Float]])] {
      var graph = start()
      graph.reals("step", [], [0.1])
      graph.codes("zero", type: 2, [], [zero])
      graph.node("QuantizeLinear", ["x", "step", "zero"], ["q"])
      graph.node("DequantizeLinear", ["q", "step", "zero"], ["y"])
      graph.reals("head", [2, 3], [1, 0, 1, 0, 1, 1])
      graph.node("MatMul", ["y", "head"], ["logits"])
      #expect(try logits(graph, [0, 1]) == expected)
    }
  }

  @Test func packedBlocksOfAContributedOperator() throws {
    var graph = start()
    // Outputs of one block of 16 half bytes, of which the first two are inputs: 2, 3; 9, 0; 15, 8. Zero is 8, 1 and 8.
    let rest = [UInt8](repeating: 0x55, count: 7)
    graph.codes("codes", type: 2, [3, 1, 8], [0x32] + rest + [0x09] + rest + [0x8f] + rest)
    graph.reals("scales", [3], [1, 2, 0.5])
    graph.codes("zeros", type: 2, [3], [0xf8, 0xf1, 0x08])
    graph.node(
      "MatMulNBits", ["x", "codes", "scales", "zeros"], ["logits"], ints: ["K": 2, "N": 3, "bits": 4, "block_size": 16],
      domain: "com.microsoft")
    // Rows of outputs: (-6, -5); (8, -1) * 2; (7, 0) / 2.
    #expect(try logits(graph, [0, 1]) == [[4, 20, 3.5], [-38, 40, 10.5]])
  }

  @Test func aTableOfCodes() throws {
    for isGatheredFirst in [true, false] {
      var graph = GraphBuilder()
      graph.input("token", type: 7, [1])
      graph.codes("codes", type: 2, [2, 2], [130, 126, 128, 255])
      graph.reals("step", [], [0.5])
      graph.codes("zero", type: 2, [], [128])
      if isGatheredFirst {
        graph.node("Gather", ["codes", "token"], ["row"])
        graph.node("DequantizeLinear", ["row", "step", "zero"], ["x"])
      } else {
        graph.node("DequantizeLinear", ["codes", "step", "zero"], ["table"])
        graph.node("Gather", ["table", "token"], ["x"])
      }
      graph.reals("head", [2, 2], [1, 0, 0, 1])
      graph.node("MatMul", ["x", "head"], ["logits"])
      graph.output("logits", [1, 2])
      #expect(try logits(graph, [0, 1]) == [[1, -1], [0, 63.5]])
    }
  }

  @Test func codesThatStayWholeAreRefused() throws {
    var graph = start()
    graph.reals("step", [], [0.1])
    graph.codes("zero", type: 2, [], [0])
    graph.node("QuantizeLinear", ["x", "step", "zero"], ["q"])
    graph.node("Cast", ["q"], ["y"], ints: ["to": 1])
    graph.reals("head", [2, 3], [1, 0, 1, 0, 1, 1])
    graph.node("MatMul", ["y", "head"], ["logits"])
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let failure = try #require(importFailure(input.path, folder.appendingPathComponent("graph.gguf").path))
      #expect(failure.kind == .unsupported && failure.message.contains("make_"))
    }
  }

  // MARK: Reading

  @Test func everyWidthIsReadInAnyOrder() throws {
    let (rows, columns) = (6, 10)
    for type in [DataType.int2, .uint2, .int4, .uint4, .int8, .uint8, .int16, .uint16] {
      let range = try #require(type.codeRange)
      let numbers = (0..<(rows * columns)).map { Double(range.lowerBound + $0 * 7 % range.count) }
      let codes = Weight(numbers, shape: [rows, columns], type: type)
      #expect(codes.values == numbers)
      let scales = (0..<columns).map { Double($0 + 1) }
      let zeros = (0..<rows).map { Double($0 % 3) }
      let real = try #require(
        Weight.dequantized(
          codes, zeros: Weight(zeros, shape: [rows, 1], type: .float32), scales: Weight(scales, shape: [columns], type: .float32),
          type: .float32))
      func expected(_ index: Int) -> Double { (numbers[index] - zeros[index / columns]) * scales[index % columns] }
      #expect(real.values == (0..<(rows * columns)).map(expected))
      for step in [1, 3, 10, 11, -1] {
        let start = step < 0 ? rows * columns - 1 : 2
        let count = 5
        var read = [Float](repeating: 0, count: count * 2)
        read.withUnsafeMutableBufferPointer { real.source.read(from: start, by: step, into: $0, by: 2, count: count) }
        for index in 0..<count { #expect(Double(read[index * 2]) == expected(start + index * step)) }
      }
    }
  }
}
