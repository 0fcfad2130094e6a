import Foundation
import Quell
import Testing

@testable import QuellImport

/// Thresholds in a graph, in every form that exporters give them, become thresholds of sites.
struct ThresholdTests {
  private static let table: [[Float]] = [[1, -2], [-3, 4], [0.5, 6]]
  private static let theta: Float = 2

  /// A token, a table of three rows, and a head: logits = y times [[1, 0, 2], [0, 1, 1]].
  private static func graph(_ build: (inout GraphBuilder) -> Void) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], table.flatMap { $0 })
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.reals("theta", [], [theta])
    graph.reals("zero", [], [0])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.output("logits", [1, 3])
    build(&graph)
    return graph
  }

  private static func product(_ y: [Float]) -> [Float] { [y[0], y[1], 2 * y[0] + y[1]] }

  private func program(_ graph: GraphBuilder) throws -> Program {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path)).0
    }
  }

  // MARK: Forms

  /// A way to write a threshold from x to y.
  struct Form: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Whether a number equal to the threshold is kept.
    var keepsTies = false
    let build: @Sendable (inout GraphBuilder) -> Void
  }

  private static let forms = [
    Form(testDescription: "Shrink") { $0.node("Shrink", ["x"], ["y"], floats: ["lambd": theta]) },
    Form(testDescription: "zero where a magnitude is at most theta") { graph in
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("LessOrEqual", ["magnitude", "theta"], ["isQuiet"])
      graph.node("Where", ["isQuiet", "zero", "x"], ["y"])
    },
    Form(testDescription: "x where it is above or below") { graph in
      graph.node("Neg", ["theta"], ["least"])
      graph.node("Greater", ["x", "theta"], ["isAbove"])
      graph.node("Less", ["x", "least"], ["isBelow"])
      graph.node("Or", ["isAbove", "isBelow"], ["fires"])
      graph.node("Where", ["fires", "x", "zero"], ["y"])
    },
    Form(testDescription: "zero where it is between") { graph in
      graph.node("Neg", ["theta"], ["least"])
      graph.node("GreaterOrEqual", ["theta", "x"], ["isLow"])
      graph.node("LessOrEqual", ["least", "x"], ["isHigh"])
      graph.node("And", ["isLow", "isHigh"], ["isQuiet"])
      graph.node("Where", ["isQuiet", "zero", "x"], ["y"])
    },
    Form(testDescription: "a product with a comparison") { graph in
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("Greater", ["magnitude", "theta"], ["fires"])
      graph.node("Cast", ["fires"], ["mask"], ints: ["to": 1])
      graph.node("Mul", ["x", "mask"], ["y"])
    },
    Form(testDescription: "a product with the contrary of a comparison", keepsTies: true) { graph in
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("Greater", ["theta", "magnitude"], ["isQuiet"])
      graph.node("Not", ["isQuiet"], ["fires"])
      graph.node("Cast", ["fires"], ["mask"], ints: ["to": 1])
      graph.node("Mul", ["mask", "x"], ["y"])
    },
    Form(testDescription: "x where a magnitude is at least theta", keepsTies: true) { graph in
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("GreaterOrEqual", ["magnitude", "theta"], ["fires"])
      graph.node("Where", ["fires", "x", "zero"], ["y"])
    },
    Form(testDescription: "one side by its magnitude, the other by itself") { graph in
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("Greater", ["magnitude", "theta"], ["isLarge"])
      graph.node("Greater", ["x", "theta"], ["isAbove"])
      graph.node("Or", ["isAbove", "isLarge"], ["fires"])
      graph.node("Where", ["fires", "x", "zero"], ["y"])
    },
  ]

  @Test(arguments: forms) func everyFormIsTheThresholdOfTheSite(_ form: Form) throws {
    let graph = Self.graph { graph in
      form.build(&graph)
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    let program = try program(graph)
    #expect(program.siteThresholds == [form.keepsTies ? Self.theta.nextDown : Self.theta])
    // Row, events, linear: nothing of the comparison is left.
    #expect(program.operations.count == 3)
    let expected = Self.table.map { x in
      Self.product(x.map { abs($0) > Self.theta || form.keepsTies && abs($0) == Self.theta ? $0 : 0 })
    }
    #expect(try logits(graph, [0, 1, 2]) == expected)
  }

  @Test func aModelCarriesItsThresholds() throws {
    let graph = Self.graph { graph in
      graph.node("Shrink", ["x"], ["y"], floats: ["lambd": 0.3])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    try withFolder { folder in
      let (input, output) = (folder.appendingPathComponent("graph.onnx"), folder.appendingPathComponent("graph.gguf").path)
      try graph.model.write(to: input)
      let report = try importONNX(from: input.path, to: output)
      #expect(report.thresholds == 1 && report.sites.map(\.threshold) == [0.3])
      #expect(try Model(path: output).sites.map(\.threshold) == [0.3])
    }
  }

  @Test func oneVectorWithTwoThresholdsHasTwoSites() throws {
    let graph = Self.graph { graph in
      graph.node("Shrink", ["x"], ["a"], floats: ["lambd": 1.5])
      graph.node("Shrink", ["x"], ["b"], floats: ["lambd": 3])
      graph.reals("first", [2, 2], [1, 0, 0, 1])
      graph.reals("second", [2, 2], [0, 1, 1, 0])
      graph.reals("third", [2, 2], [2, 0, 0, 2])
      graph.node("MatMul", ["a", "first"], ["one"])
      graph.node("MatMul", ["b", "second"], ["two"])
      graph.node("MatMul", ["x", "third"], ["three"])
      graph.node("Sum", ["one", "two", "three"], ["y"])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    let program = try program(graph)
    #expect(program.siteThresholds.sorted() == [0, 0, 1.5, 3])
    // x = (1, -2): (0, -2) + (0, 0) + (2, -4); x = (-3, 4): (-3, 4) + (4, 0) + (-6, 8).
    #expect(try logits(graph, [0, 1]) == [Self.product([2, -6]), Self.product([-5, 12])])
  }

  @Test func greaterThresholdOfTwoCounts() throws {
    let graph = Self.graph { graph in
      graph.node("Shrink", ["x"], ["a"], floats: ["lambd": 2.5])
      graph.node("Shrink", ["a"], ["y"], floats: ["lambd": 1])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    #expect(try program(graph).siteThresholds == [2.5])
  }

  // MARK: Thresholds that are more than a site's

  @Test func whatElseReadsAThresholdedVectorReadsItThresholded() throws {
    let graph = Self.graph { graph in
      graph.node("Shrink", ["x"], ["y"], floats: ["lambd": Self.theta])
      graph.reals("mix", [2, 2], [0, 1, 1, 0])
      graph.node("MatMul", ["y", "mix"], ["mixed"])
      graph.node("Add", ["y", "mixed"], ["sum"])
      graph.node("MatMul", ["sum", "head"], ["logits"])
    }
    #expect(try program(graph).siteThresholds == [Self.theta, 0])
    // y is (0, 0), (-3, 4) and (0, 6).
    #expect(try logits(graph, [0, 1, 2]) == [[0, 0, 0], [1, 1, 3], [6, 6, 18]])
  }

  @Test func aThresholdForEachNumberIsArithmetic() throws {
    let graph = Self.graph { graph in
      graph.reals("thetas", [2], [2, 5])
      graph.node("Abs", ["x"], ["magnitude"])
      graph.node("Greater", ["magnitude", "thetas"], ["fires"])
      graph.node("Where", ["fires", "x", "zero"], ["y"])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    #expect(try program(graph).siteThresholds == [0])
    #expect(try logits(graph, [0, 1, 2]) == [Self.product([0, 0]), Self.product([-3, 0]), Self.product([0, 6])])
  }

  @Test func aThresholdOnOneSideIsOneBehindARectifier() throws {
    let graph = Self.graph { graph in
      graph.node("Greater", ["x", "theta"], ["fires"])
      graph.node("Where", ["fires", "x", "zero"], ["y"])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    #expect(try program(graph).siteThresholds == [Self.theta])
    #expect(try logits(graph, [0, 1, 2]) == [Self.product([0, 0]), Self.product([0, 4]), Self.product([0, 6])])
  }

  @Test func aSoftThresholdIsArithmetic() throws {
    let graph = Self.graph { graph in
      graph.node("Shrink", ["x"], ["y"], floats: ["lambd": 1.5, "bias": 1.5])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    #expect(try program(graph).siteThresholds == [0])
    #expect(try logits(graph, [0, 1]) == [Self.product([0, -0.5]), Self.product([-1.5, 2.5])])
  }

  @Test func aNegativeLimitKeepsEveryNumber() throws {
    let graph = Self.graph { graph in
      graph.node("Shrink", ["x"], ["y"], floats: ["lambd": -1])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    #expect(try program(graph).siteThresholds == [0])
    #expect(try logits(graph, [0]) == [Self.product([1, -2])])
  }

  @Test func knownNumbersShrinkOnTheWay() throws {
    let graph = Self.graph { graph in
      graph.reals("offsets", [2], [-3, 1])
      graph.node("Shrink", ["offsets"], ["shrunk"], floats: ["lambd": 2, "bias": 0.5])
      graph.node("Add", ["x", "shrunk"], ["y"])
      graph.node("MatMul", ["y", "head"], ["logits"])
    }
    #expect(try logits(graph, [0]) == [Self.product([-1.5, -2])])
  }

  @Test func whatIsNoThresholdIsAChoice() throws {
    let conditions: [(String, String, (Float, Float) -> Bool)] = [
      ("Greater", "zero", { x, _ in x > 0 }), ("LessOrEqual", "theta", { x, _ in x <= 2 }), ("Equal", "theta", { x, _ in x == 2 }),
      ("Less", "limits", { x, limit in x < limit }), ("Greater", "scaled", { x, _ in x > 0.25 * x }),
    ]
    for (name, other, holds) in conditions {
      let graph = Self.graph { graph in
        graph.reals("slope", [], [0.25])
        graph.reals("limits", [2], [1, 5])
        graph.node("Mul", ["x", "slope"], ["scaled"])
        graph.node(name, ["x", other], ["isSo"])
        graph.node("Where", ["isSo", "x", "scaled"], ["y"])
        graph.node("MatMul", ["y", "head"], ["logits"])
      }
      let rows = try logits(graph, [0, 1, 2])
      for (row, x) in zip(rows, Self.table) {
        let y = [0, 1].map { holds(x[$0], [1, 5][$0]) ? x[$0] : 0.25 * x[$0] }
        #expect(row == Self.product(y), "\(name) \(other)")
      }
    }
  }

  // MARK: Refusals

  @Test func whatIsNoThresholdIsRefusedByName() throws {
    // Only one comparison of one number can choose.
    let both = try failure(
      Self.graph { graph in
        graph.reals("gain", [2], [1, 2])
        graph.node("Mul", ["x", "gain"], ["scaled"])
        graph.node("Greater", ["scaled", "theta"], ["fires"])
        graph.node("Greater", ["x", "zero"], ["isAbove"])
        graph.node("And", ["fires", "isAbove"], ["isBoth"])
        graph.node("Where", ["isBoth", "x", "scaled"], ["y"])
        graph.node("MatMul", ["y", "head"], ["logits"])
      })
    #expect(both.kind == .unsupported && both.message.contains("make_y"))

    let biased = try failure(
      Self.graph { graph in
        graph.node("Shrink", ["x"], ["y"], floats: ["lambd": 2, "bias": 1])
        graph.node("MatMul", ["y", "head"], ["logits"])
      })
    #expect(biased.kind == .unsupported && biased.message.contains("make_y") && biased.message.contains("bias"))

    let endless = try failure(
      Self.graph { graph in
        graph.node("Shrink", ["x"], ["y"], floats: ["lambd": .infinity])
        graph.node("MatMul", ["y", "head"], ["logits"])
      })
    #expect(endless.kind == .malformed && endless.message.contains("make_y"))
  }

  // MARK: Exports of PyTorch

  @Test(arguments: [
    ("hardshrink_torchscript", Float(0.75), Float(0.5)), ("hardshrink_dynamo", 0.75, 0.5),
    ("gate_torchscript", Float(0.75).nextDown, Float(0.5).nextDown), ("gate_dynamo", Float(0.75).nextDown, Float(0.5).nextDown),
  ])
  func thresholdsOfPyTorchAreSites(_ name: String, _ first: Float, _ second: Float) throws {
    let fixture = try Fixture("Thresholds/\(name)")
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      let report = try importONNX(from: fixture.path, to: output)
      #expect(report.sites.map(\.threshold) == [first, second])
      for (row, expected) in zip(try run(output, fixture.tokens), fixture.logits) {
        #expect(row.count == expected.count)
        #expect(zip(row, expected).map { abs($0 - $1) }.max() ?? .infinity <= 1e-5)
      }
    }
  }
}
