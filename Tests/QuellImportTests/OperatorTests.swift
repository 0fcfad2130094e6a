import Foundation
import Testing

@testable import QuellImport

/// Operators one by one, in graphs whose logits are what the operator makes of x, against formulas.
struct OperatorTests {
  @Test func theListOfOperatorsIsTheDocumentation() throws {
    let root = fixtures.appendingPathComponent("../../..").standardizedFileURL
    let text = try String(contentsOf: root.appendingPathComponent("docs/IMPORT.md"), encoding: .utf8)
    var listed: Set<String> = []
    for line in text.split(separator: "\n") where line.hasPrefix("| ") && line.contains("`") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: true)
      let domain = cells[0].contains("com.microsoft") ? "com.microsoft." : ""
      for (index, part) in cells[1].split(separator: "`", omittingEmptySubsequences: false).enumerated() where index % 2 == 1 {
        listed.insert(domain + part)
      }
    }
    #expect(listed.subtracting(["If"]) == Set(Rules.all.keys))
  }

  /// A token that chooses one of two rows, and their width.
  private static let table: [[Float]] = [[-1.5, -0.25, 0.5, 2], [0.125, 1, -3, 0.75]]

  private func start(opset: Int = 17) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.opset = opset
    graph.input("token", type: 7, [1])
    // As many rows as there are logits at most.
    graph.reals("table", [4, 4], OperatorTests.table.flatMap { $0 } + [Float](repeating: 0, count: 8))
    graph.node("Gather", ["table", "token"], ["x"])
    return graph
  }

  /// Expects logits close to what a formula makes of each row.
  private func expect(
    _ graph: GraphBuilder, _ expected: ([Double]) -> [Double], within bound: Double = 1e-5, _ location: SourceLocation = #_sourceLocation
  ) throws {
    var graph = graph
    let width = expected(OperatorTests.table[0].map { Double($0) }).count
    graph.output("logits", [1, .fixed(width)])
    let rows = try logits(graph, [0, 1])
    for (row, source) in zip(rows, OperatorTests.table) {
      let wanted = expected(source.map { Double($0) })
      let worst = zip(row, wanted).map { abs(Double($0) - $1) }.max() ?? .infinity
      #expect(row.count == wanted.count && worst <= bound, "\(row) for \(wanted)", sourceLocation: location)
    }
  }

  @Test func functionsOfOneElement() throws {
    let functions: [(String, Int, (Double) -> Double)] = [
      ("Tanh", 17, { tanh($0) }), ("Erf", 17, { erf($0) }), ("Sin", 17, { sin($0) }), ("Cos", 17, { cos($0) }), ("Abs", 17, { abs($0) }),
      ("Reciprocal", 17, { 1 / $0 }), ("Sign", 17, { $0 > 0 ? 1 : -1 }), ("Softplus", 17, { log(1 + exp($0)) }),
      ("Celu", 17, { $0 > 0 ? $0 : exp($0) - 1 }), ("Softsign", 17, { $0 / (1 + abs($0)) }), ("Elu", 17, { $0 > 0 ? $0 : exp($0) - 1 }),
      ("LeakyRelu", 17, { $0 > 0 ? $0 : 0.01 * $0 }),
      ("Selu", 17, { 1.050_701 * ($0 > 0 ? $0 : 1.673_263_2 * (exp($0) - 1)) }), ("Relu", 17, { max($0, 0) }),
      ("HardSigmoid", 17, { min(max(0.2 * $0 + 0.5, 0), 1) }), ("HardSwish", 17, { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
      ("Mish", 18, { $0 * tanh(log(1 + exp($0))) }), ("Gelu", 20, { $0 * (1 + erf($0 / 2.0.squareRoot())) / 2 }),
      ("Sigmoid", 17, { 1 / (1 + exp(-$0)) }), ("Neg", 17, { -$0 }), ("Exp", 17, { exp($0) }),
    ]
    for (name, opset, function) in functions {
      var graph = start(opset: opset)
      graph.node(name, ["x"], ["logits"])
      try expect(graph) { $0.map(function) }
    }
  }

  @Test func powersAreProductsOrExponentials() throws {
    for power in [-2, -1, 0, 1, 2, 3, 4, 5, 7, 8] as [Float] {
      var graph = start()
      graph.reals("power", [], [power])
      graph.node("Pow", ["x", "power"], ["logits"])
      // The error is relative: the greatest result is 3^8.
      try expect(graph, { $0.map { pow($0, Double(power)) } }, within: 1e-2)
    }
    for power in [-0.5, 0.5, 0.3, -1.7] as [Float] {
      var graph = start()
      graph.reals("power", [], [power])
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("Pow", ["magnitude", "power"], ["logits"])
      try expect(graph, { $0.map { pow(abs($0), Double(power)) } }, within: 1e-4)
    }
    var bases = start()
    bases.reals("base", [4], [0.5, 2, 3, 1])
    bases.node("Pow", ["base", "x"], ["logits"])
    try expect(bases) { zip([0.5, 2, 3, 1], $0).map { pow($0, $1) } }
  }

  @Test func limitsAndExtremes() throws {
    var graph = start()
    graph.reals("low", [], [-1])
    graph.reals("high", [], [0.75])
    graph.node("Clip", ["x", "low", "high"], ["clipped"])
    graph.reals("others", [4], [0, -2, 0.25, 1])
    graph.node("Min", ["clipped", "others"], ["logits"])
    try expect(graph) { zip($0, [0, -2, 0.25, 1]).map { min(max(min($0, 0.75), -1), $1) } }
  }

  @Test func reductionsOfRowsAndColumns() throws {
    let functions: [(String, ([Double]) -> Double)] = [
      ("ReduceSum", { $0.reduce(0, +) }), ("ReduceMean", { $0.reduce(0, +) / Double($0.count) }), ("ReduceMax", { $0.max()! }),
      ("ReduceMin", { $0.min()! }), ("ReduceL1", { $0.reduce(0) { $0 + abs($1) } }),
      ("ReduceL2", { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }), ("ReduceSumSquare", { $0.reduce(0) { $0 + $1 * $1 } }),
    ]
    for (name, function) in functions {
      for axis in 0..<2 {
        // Opset 18 has the axes as an input throughout; x is [[a, b], [c, d]], doubled so that it lies in a buffer.
        var graph = start(opset: 18)
        graph.integers("square", [2], [2, 2])
        graph.integers("axes", [1], [axis])
        graph.integers("line", [2], [1, 2])
        graph.node("Add", ["x", "x"], ["double"])
        graph.node("Reshape", ["double", "square"], ["matrix"])
        graph.node(name, ["matrix", "axes"], ["reduced"], ints: ["keepdims": 0])
        graph.node("Reshape", ["reduced", "line"], ["logits"])
        try expect(graph) { x in
          let double = x.map { 2 * $0 }
          return (0..<2).map { function(axis == 0 ? [double[$0], double[$0 + 2]] : [double[2 * $0], double[2 * $0 + 1]]) }
        }
      }
    }
  }

  @Test func softmaxOutsideAttention() throws {
    func softmax(_ x: [Double]) -> [Double] {
      let sum = x.reduce(0) { $0 + exp($1) }
      return x.map { exp($0) / sum }
    }
    for axis in [0, 1] {
      var graph = start()
      graph.integers("square", [2], [2, 2])
      graph.integers("line", [2], [1, 4])
      graph.node("Reshape", ["x", "square"], ["matrix"])
      graph.node("Softmax", ["matrix"], ["weights"], ints: ["axis": axis])
      graph.node("Reshape", ["weights", "line"], ["logits"])
      try expect(graph) { x in
        if axis == 1 { return softmax([x[0], x[1]]) + softmax([x[2], x[3]]) }
        let (left, right) = (softmax([x[0], x[2]]), softmax([x[1], x[3]]))
        return [left[0], right[0], left[1], right[1]]
      }
    }
  }

  @Test func productsOfComputedMatrices() throws {
    // [[a, b], [c, d]] times its own transpose.
    var graph = start()
    graph.integers("square", [2], [2, 2])
    graph.integers("line", [2], [1, 4])
    graph.node("Reshape", ["x", "square"], ["matrix"])
    graph.node("Transpose", ["matrix"], ["turned"])
    graph.node("MatMul", ["matrix", "turned"], ["product"])
    graph.node("Reshape", ["product", "line"], ["logits"])
    try expect(graph) { x in
      let mixed = x[0] * x[2] + x[1] * x[3]
      return [x[0] * x[0] + x[1] * x[1], mixed, mixed, x[2] * x[2] + x[3] * x[3]]
    }
  }

  @Test func rootMeanSquareNormalisationWrittenOut() throws {
    var graph = start()
    graph.reals("two", [], [2])
    graph.reals("epsilon", [], [1e-5])
    graph.reals("one", [], [1])
    graph.reals("gain", [4], [1, 2, 3, 4])
    graph.node("Pow", ["x", "two"], ["square"])
    graph.node("ReduceMean", ["square"], ["mean"], ints: ["keepdims": 1])
    graph.node("Add", ["mean", "epsilon"], ["padded"])
    graph.node("Sqrt", ["padded"], ["root"])
    graph.node("Div", ["one", "root"], ["inverse"])
    graph.node("Mul", ["x", "inverse"], ["normal"])
    graph.node("Mul", ["gain", "normal"], ["logits"])
    try expect(graph) { x in
      let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / 4 + 1e-5).squareRoot()
      return x.enumerated().map { $1 * scale * Double($0 + 1) }
    }
    graph.output("logits", [1, 4])
    let program = try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path)).0
    }
    // A row, the normalisation with its gain, and the copy that the logits are.
    #expect(program.operations.count <= 3)
  }

  @Test func numbersMadeOfThePositionAreComputedFromIt() throws {
    // x * cos(0.5 * (position + 1)), the position being known while the graph is run, as masks are.
    var graph = start()
    graph.input("mask", type: 7, [1, "total"])
    graph.node("Shape", ["mask"], ["lengths"])
    graph.integers("one", [], [1])
    graph.reals("half", [], [0.5])
    graph.node("Gather", ["lengths", "one"], ["length"])
    graph.node("Cast", ["length"], ["real"], ints: ["to": 1])
    graph.node("Mul", ["real", "half"], ["angle"])
    graph.node("Cos", ["angle"], ["wave"])
    graph.node("Mul", ["x", "wave"], ["logits"])
    graph.output("logits", [1, 4])
    let rows = try logits(graph, [0, 1, 1, 0, 1])
    for (position, row) in rows.enumerated() {
      let source = OperatorTests.table[[0, 1, 1, 0, 1][position]]
      for (result, x) in zip(row, source) { #expect(abs(Double(result) - Double(x) * cos(0.5 * Double(position + 1))) < 1e-6) }
    }
  }

  @Test func convolutionsOfAWindow() throws {
    // x is two channels of two places, with a zero before each; the kernel of the first channel is (1, 2), of the second (3, 4).
    let pads: [UInt8] =
      GraphBuilder.field(5, GraphBuilder.field(1, "pads") + GraphBuilder.field(8, 1) + GraphBuilder.field(8, 0) + GraphBuilder.field(20, 7))
    func graph(_ group: Int, _ kernel: [Float]) -> GraphBuilder {
      var graph = start()
      graph.integers("wide", [3], [1, 2, 2])
      graph.integers("line", [2], [1, 4])
      graph.reals("kernel", [2, 2 / group, 2], kernel)
      graph.reals("bias", [2], [10, 20])
      graph.node("Reshape", ["x", "wide"], ["window"])
      let node = ["window", "kernel", "bias"].flatMap { GraphBuilder.field(1, $0) } + GraphBuilder.field(2, "y")
      let grouped = GraphBuilder.field(5, GraphBuilder.field(1, "group") + GraphBuilder.field(3, group) + GraphBuilder.field(20, 2))
      graph.raw(GraphBuilder.field(1, node + GraphBuilder.field(3, "conv") + GraphBuilder.field(4, "Conv") + pads + grouped))
      graph.node("Reshape", ["y", "line"], ["logits"])
      return graph
    }
    try expect(graph(2, [1, 2, 3, 4])) { x in
      [10 + 2 * x[0], 10 + x[0] + 2 * x[1], 20 + 4 * x[2], 20 + 3 * x[2] + 4 * x[3]]
    }
    try expect(graph(1, [1, 2, 3, 4, 5, 6, 7, 8])) { x in
      [
        10 + 2 * x[0] + 4 * x[2], 10 + x[0] + 2 * x[1] + 3 * x[2] + 4 * x[3], 20 + 6 * x[0] + 8 * x[2],
        20 + 5 * x[0] + 6 * x[1] + 7 * x[2] + 8 * x[3],
      ]
    }
  }

  @Test func interleavedNeighboursAreFewOperations() throws {
    // Forty pairs, each turned about: (b, a) for (a, b), one half of them negated, as rotary positions have them.
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [80, 80], (0..<6400).map { Float($0) })
    graph.node("Gather", ["table", "token"], ["x"])
    graph.integers("pairs", [2], [40, 2])
    graph.integers("line", [2], [1, 80])
    graph.integers("first", [1], [0])
    graph.integers("second", [1], [1])
    graph.node("Reshape", ["x", "pairs"], ["paired"])
    graph.node("Gather", ["paired", "first"], ["a"], ints: ["axis": 1])
    graph.node("Gather", ["paired", "second"], ["b"], ints: ["axis": 1])
    graph.node("Neg", ["b"], ["minus"])
    graph.node("Concat", ["minus", "a"], ["turned"], ints: ["axis": 1])
    graph.node("Reshape", ["turned", "line"], ["logits"])
    graph.output("logits", [1, 80])
    let rows = try logits(graph, [1])
    for pair in 0..<40 {
      #expect(rows[0][2 * pair] == -Float(2 * pair + 81))
      #expect(rows[0][2 * pair + 1] == Float(2 * pair + 80))
    }
    let program = try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path)).0
    }
    #expect(program.operations.count <= 8)
  }
}
