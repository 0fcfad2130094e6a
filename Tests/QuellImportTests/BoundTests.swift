import Foundation
import Quell
import Testing

@testable import QuellImport

/// Bounds that quantised numbers cannot reach: that they are left out, and only those.
struct BoundTests {
  /// How an exporter may write a vector over its greatest magnitude.
  enum Form: CaseIterable { case timesQuotient, timesReciprocal, overStep, overScaledStep }

  /// x scaled to `most` for its greatest magnitude, rounded, kept within bounds, and multiplied by ternary numbers.
  private func graph(
    _ form: Form, most: Float = 127, least: Float = 1e-5, bounds: (Float, Float) = (-128, 127), greatestOf source: String = "x"
  ) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [64, 64], BoundTests.table)
    graph.reals("matrix", [64, 64], (0..<4096).map { Float(weight($0)) })
    for (name, number) in [("most", most), ("least", least), ("low", bounds.0), ("high", bounds.1), ("one", 1), ("part", 1 / most)] {
      graph.reals(name, [], [number])
    }
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("Exp", ["x"], ["other"])
    graph.node("Abs", [source], ["magnitudes"])
    graph.node("ReduceMax", ["magnitudes"], ["largest"], ints: ["keepdims": 1])
    graph.node("Max", ["largest", "least"], ["greatest"])
    switch form {
    case .timesQuotient:
      graph.node("Div", ["most", "greatest"], ["steps"])
      graph.node("Mul", ["x", "steps"], ["scaled"])
    case .timesReciprocal:
      graph.node("Reciprocal", ["greatest"], ["inverse"])
      graph.node("Mul", ["inverse", "most"], ["steps"])
      graph.node("Mul", ["steps", "x"], ["scaled"])
    case .overStep:
      graph.node("Div", ["greatest", "most"], ["step"])
      graph.node("Div", ["x", "step"], ["scaled"])
    case .overScaledStep:
      graph.node("Mul", ["greatest", "part"], ["step"])
      graph.node("Div", ["x", "step"], ["scaled"])
    }
    graph.node("Round", ["scaled"], ["rounded"])
    graph.node("Clip", ["rounded", "low", "high"], ["whole"])
    graph.node("MatMul", ["whole", "matrix"], ["logits"])
    graph.output("logits", [1, 64])
    return graph
  }

  /// A row of small numbers, one of great ones, one of zeros, and others whose greatest magnitude is below the least.
  private static let table = (0..<4096).map { place -> Float in
    let number = Float(place * 37 % 63 - 31)
    return switch place / 64 {
    case 0: number / 9
    case 1: number * 5e36
    case 2: 0
    default: number * 1e-9
    }
  }

  /// How many bounds of whole vectors a step has, and the formats of its matrices.
  private func imported(_ graph: GraphBuilder) throws -> (bounds: Int, formats: [String], logits: [[Float]]) {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let (program, _) = try stepProgram(of: MappedFile(path: input.path))
      let bounds = program.operations.count { operation in
        guard case .binary(let function, _, _, let result) = operation else { return false }
        return (function == .maximum || function == .minimum) && program.count(result) == 64
      }
      let output = folder.appendingPathComponent("graph.gguf").path
      let report = try importONNX(from: input.path, to: output)
      return (bounds, report.storage.filter { $0.kind == "head" }.map { $0.stored }, try run(output, [0, 1, 2, 3], contextLength: 4))
    }
  }

  @Test(arguments: Form.allCases) func boundsOutOfReachAreLeftOut(_ form: Form) throws {
    let (bounds, formats, logits) = try imported(graph(form))
    #expect(bounds == 0 && formats == ["ternary"])
    for (token, row) in logits.enumerated() { #expect(row == expected(token)) }
  }

  /// The logits after a token, in whole numbers. None of the numbers that are rounded lies halfway between two.
  private func expected(_ token: Int) -> [Float] {
    let x = BoundTests.table[token * 64..<token * 64 + 64].map { Double($0) }
    let greatest = x.reduce(1e-5) { max($0, $1.magnitude) }
    let whole = x.map { Int(($0 * 127 / greatest).rounded(.toNearestOrEven)) }
    return (0..<64).map { output in
      var sum = 0
      for (input, number) in whole.enumerated() { sum += number * weight(input * 64 + output) }
      return Float(sum)
    }
  }

  private func weight(_ place: Int) -> Int { place * 7 % 11 % 3 - 1 }

  /// Bounds as tight as what is rounded, and another range; one that can be reached stays, and what is behind it.
  @Test func whatIsJustReachedIsNoBound() throws {
    #expect(try imported(graph(.timesQuotient, bounds: (-127, 127))).bounds == 0)
    #expect(try imported(graph(.timesQuotient, most: 63, bounds: (-64, 63))).bounds == 0)
    #expect(try imported(graph(.timesQuotient, bounds: (-126, 127))).bounds == 1)
    #expect(try imported(graph(.overStep, bounds: (-128, 126))).bounds == 2)
  }

  /// Another vector's greatest magnitude says nothing, nor does one that may be as small as nothing: its quotient is infinite.
  @Test(arguments: Form.allCases) func boundsInReachStay(_ form: Form) throws {
    let other = try imported(graph(form, greatestOf: "other"))
    #expect(other.bounds == 2 && other.formats == ["ternary"])
    #expect(try imported(graph(form, least: 1e-38)).bounds == 2)
    // Nor is anything said of ranges beyond those for which roundings are known.
    #expect(try imported(graph(form, most: 0x1p21, bounds: (-0x1p22, 0x1p22))).bounds == 2)
  }

  /// Roundings move no number beyond what is said of them, however large or small the vector's are.
  @Test func roundingsStayWithinWhatIsSaid() {
    for most in [Float(1), 7, 127, 32767, 0x1p20] {
      for exponent in stride(from: -100, to: 128, by: 1) {
        for step in 0..<64 {
          let greatest = Float(sign: .plus, exponent: exponent, significand: 1 + Float(step) / 64 + Float(step * 8191 % 127) * 0x1p-20)
          let scaled = [
            greatest * (most / greatest), greatest * (1 / greatest * most), greatest / (greatest / most),
            greatest / (greatest * (1 / most)),
          ]
          for number in scaled { #expect(number <= most * (1 + 0x1p-20)) }
        }
      }
    }
  }
}
