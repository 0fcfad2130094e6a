import Foundation
import Testing

@testable import QuellImport

/// Graphs that take all tokens so far at once.
struct WindowTests {
  /// A window of tokens, a table of three rows (1, 2), (3, 4), (5, 6), and a head: logits = y times [[1, 0, 2], [0, 1, 1]].
  private func window(_ length: GraphBuilder.Axis = "sequence", _ makeY: (inout GraphBuilder) -> Void) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("tokens", type: 7, [length])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.node("Gather", ["table", "tokens"], ["x"])
    makeY(&graph)
    graph.node("MatMul", ["y", "head"], ["logits"])
    graph.output("logits", [length, 3])
    return graph
  }

  /// Attention of x to itself; `mask` makes "masked" of "scores".
  private func attention(_ graph: inout GraphBuilder, mask: (inout GraphBuilder) -> Void) {
    graph.node("Transpose", ["x"], ["turned"])
    graph.node("MatMul", ["x", "turned"], ["products"])
    graph.reals("half", [], [0.5])
    graph.node("Mul", ["products", "half"], ["scores"])
    mask(&graph)
    graph.node("Softmax", ["masked"], ["weights"])
    graph.node("MatMul", ["weights", "x"], ["y"])
  }

  /// A square of ones below the diagonal, with it, as many rows as tokens.
  private func triangle(_ graph: inout GraphBuilder) {
    graph.node("Shape", ["scores"], ["size"])
    graph.node("ConstantOfShape", ["size"], ["zeros"])
    graph.reals("one", [], [1])
    graph.node("Add", ["zeros", "one"], ["ones"])
    graph.node("Trilu", ["ones"], ["lower"], ints: ["upper": 0])
  }

  @Test func everyPositionIsTheSameStep() throws {
    let graph = window { graph in graph.node("Mul", ["x", "x"], ["y"]) }
    // Squares of (1, 2) and (5, 6), whatever came before.
    #expect(try logits(graph, [0, 2, 0]) == [[1, 4, 6], [25, 36, 86], [1, 4, 6]])
  }

  @Test func causalAttentionKeepsACache() throws {
    let graph = window { graph in
      attention(&graph) { graph in
        triangle(&graph)
        graph.node("Sub", ["lower", "one"], ["hidden"])
        graph.reals("far", [], [1e9])
        graph.node("Mul", ["hidden", "far"], ["bias"])
        graph.node("Add", ["scores", "bias"], ["masked"])
      }
    }
    let logits = try logits(graph, [1, 0, 2])
    // Token 1: y = (3, 4). Token 0: scores (3 + 8) / 2 and (1 + 4) / 2 for (3, 4) and (1, 2).
    #expect(logits[0] == [3, 4, 10])
    let weight = 1 / (1 + exp(Float(-3)))
    let y = (1 + 2 * weight, 2 + 2 * weight)
    for (found, expected) in zip(logits[1], [y.0, y.1, 2 * y.0 + y.1]) { #expect(abs(found - expected) < 1e-5) }
    // Token 2: scores 19.5, 8.5 and 30.5 for (3, 4), (1, 2) and (5, 6).
    let (low, top) = (exp(Float(-11)), 1 / (1 + exp(Float(-11)) + exp(Float(-22))))
    let z = top * (5 + 3 * low + exp(Float(-22)))
    #expect(abs(logits[2][0] - z) < 1e-5)
  }

  @Test func aNumberOfTokensThatTheExportFixedIsRefused() throws {
    let failure = try failure(window(4) { graph in graph.node("Mul", ["x", "x"], ["y"]) })
    #expect(failure.kind == .unsupported)
    #expect(failure.message.contains("make_x") && failure.message.contains("4 tokens at once"))
  }

  @Test func attentionToLaterPositionsIsRefused() throws {
    let failure = try failure(
      window { graph in
        attention(&graph) { graph in graph.node("Identity", ["scores"], ["masked"]) }
      })
    #expect(failure.kind == .unsupported)
    #expect(failure.message.contains("make_y") && failure.message.contains("export a causal decoder"))
  }

  @Test func attentionToOtherPositionsThanAllBeforeIsRefused() throws {
    // Half of what is masked only counts less.
    let failure = try failure(
      window { graph in
        attention(&graph) { graph in
          triangle(&graph)
          graph.node("Add", ["scores", "lower"], ["masked"])
        }
      })
    #expect(failure.kind == .unsupported && failure.message.contains("make_y"))
  }

  @Test func otherMixturesOfPositionsAreRefused() throws {
    let pooled = try failure(
      window { graph in
        graph.node("ReduceMean", ["x"], ["pooled"], ints: ["keepdims": 1])
        graph.node("Add", ["x", "pooled"], ["y"])
      })
    #expect(pooled.kind == .unsupported && pooled.message.contains("make_pooled") && pooled.message.contains("export"))

    let shifted = try failure(
      window { graph in
        graph.integers("start", [1], [0])
        graph.integers("end", [1], [-1])
        graph.node("Slice", ["x", "start", "end"], ["most"])
        graph.reals("nothing", [1, 2], [0, 0])
        graph.node("Concat", ["nothing", "most"], ["before"], ints: ["axis": 0])
        graph.node("Add", ["x", "before"], ["y"])
      })
    #expect(shifted.kind == .unsupported && shifted.message.contains("make_y"))
  }
}
