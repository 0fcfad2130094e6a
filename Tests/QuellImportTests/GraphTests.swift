import Foundation
import Quell
import Testing

@testable import QuellImport

/// Small graphs made for one idea each, with logits worked by hand.
struct GraphTests {
  @Test func aTableAndAHead() throws {
    var graph = GraphBuilder.start()
    graph.node("MatMul", ["x", "head"], ["logits"])
    #expect(try logits(graph, [0, 2]) == [[1, 2, 4], [5, 6, 16]])
  }

  @Test func stateReadByStridesLiesTogether() throws {
    // The state is [2, 2]; its column 1 holds the last x, column 0 the one before: a delay of two steps.
    var graph = GraphBuilder.start()
    graph.input("old", [2, 2])
    graph.integers("zero", [], [0])
    graph.integers("one", [], [1])
    graph.integers("column", [2, 1], [1, 1])
    graph.integers("rows", [2, 1], [0, 0])
    graph.node("Gather", ["old", "one"], ["last"], ints: ["axis": 1])
    graph.node("Gather", ["old", "zero"], ["before"], ints: ["axis": 1])
    graph.integers("wide", [2], [2, 1])
    graph.node("Reshape", ["x", "wide"], ["newest"])
    graph.node("Reshape", ["last", "wide"], ["older"])
    graph.node("Concat", ["older", "newest"], ["new"], ints: ["axis": 1])
    graph.output("new", [2, 2])
    graph.node("Add", ["x", "before"], ["sum"])
    graph.node("MatMul", ["sum", "head"], ["logits"])
    // Tokens 0, 1, 2, 0: x is (1, 2), (3, 4), (5, 6), (1, 2); two steps later it is added.
    #expect(try logits(graph, [0, 1, 2, 0]) == [[1, 2, 4], [3, 4, 10], [6, 8, 20], [4, 6, 14]])
  }

  @Test func statesThatChangePlacesDoNotOverwriteEachOther() throws {
    // Two states are exchanged at every step; the first begins each step with x added to what it was.
    var graph = GraphBuilder.start()
    graph.input("a", [1, 2])
    graph.input("b", [1, 2])
    graph.node("Add", ["a", "x"], ["c"])
    graph.node("Identity", ["b"], ["newA"])
    graph.node("Identity", ["c"], ["newB"])
    graph.output("newA", [1, 2])
    graph.output("newB", [1, 2])
    graph.node("MatMul", ["c", "head"], ["logits"])
    // c: x0, x1, x0 + x2, x1 + x0 with tokens 0, 1, 2, 0.
    #expect(try logits(graph, [0, 1, 2, 0]) == [[1, 2, 4], [3, 4, 10], [6, 8, 20], [4, 6, 14]])
  }

  @Test func stateThatNothingReadsCostsNothing() throws {
    var graph = GraphBuilder.start()
    graph.input("idle", [1, 500])
    graph.node("Identity", ["idle"], ["same"])
    graph.output("same", [1, 500])
    graph.node("MatMul", ["x", "head"], ["logits"])
    let program = try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path)).0
    }
    #expect(program.stateSize == 0 && program.operations.count == 3)
  }

  @Test func aStateAsLongAsTheTableIsNotTheLogits() throws {
    // The table has one row more than there are logits, which come last of the outputs.
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.input("s", [1, 3])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("ones", [3], [1, 1, 1])
    graph.reals("head", [2, 2], [1, 0, 0, 1])
    graph.integers("zero", [1], [0])
    graph.integers("two", [1], [2])
    graph.integers("one", [1], [1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("Add", ["s", "ones"], ["new"])
    graph.node("Slice", ["s", "zero", "two", "one"], ["part"])
    graph.node("Add", ["x", "part"], ["y"])
    graph.node("MatMul", ["y", "head"], ["logits"])
    graph.output("new", [1, 3])
    graph.output("logits", [1, 2])
    #expect(try logits(graph, [0, 1]) == [[1, 2], [4, 5]])
  }

  @Test func scaledLogitsAreToldFromAStateOfTheirShape() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.input("s", [1, 3])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.reals("ones", [3], [1, 1, 1])
    graph.reals("double", [], [2])
    graph.integers("zero", [1], [0])
    graph.integers("two", [1], [2])
    graph.integers("one", [1], [1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("Slice", ["s", "zero", "two", "one"], ["part"])
    graph.node("Add", ["x", "part"], ["y"])
    graph.node("MatMul", ["y", "head"], ["product"])
    graph.node("Add", ["s", "ones"], ["new"])
    graph.node("Mul", ["product", "double"], ["logits"])
    graph.output("new", [1, 3])
    graph.output("logits", [1, 3])
    #expect(try logits(graph, [0, 1]) == [[2, 4, 8], [8, 10, 26]])
  }

  @Test func stateThatOnlyTheLogitsHoldIsHandedOn() throws {
    // The last logit is the first number of x two steps ago.
    var graph = GraphBuilder.start()
    graph.input("s", [1, 2])
    graph.reals("same", [2, 2], [1, 0, 0, 1])
    graph.integers("zero", [1], [0])
    graph.integers("one", [1], [1])
    graph.integers("two", [1], [2])
    graph.node("Slice", ["s", "zero", "one", "one"], ["oldest"])
    graph.node("Slice", ["s", "one", "two", "one"], ["older"])
    graph.node("Slice", ["x", "zero", "one", "one"], ["newest"])
    graph.node("Concat", ["older", "newest"], ["new"], ints: ["axis": 1])
    graph.output("new", [1, 2])
    graph.node("MatMul", ["x", "same"], ["y"])
    graph.node("Concat", ["y", "oldest"], ["logits"], ints: ["axis": 1])
    #expect(try logits(graph, [0, 1, 2, 0]) == [[1, 2, 0], [3, 4, 0], [5, 6, 1], [1, 2, 3]])
  }

  @Test func stateBeginsAsALogarithmOnlyWhereItBecomesAMaximum() throws {
    // k keeps the last x, and is compared with g, the greatest so far: both enter an exponential, but only g is a maximum.
    var graph = GraphBuilder.start()
    graph.input("k", [1, 2])
    graph.input("g", [1, 2])
    graph.node("Max", ["g", "k"], ["top"])
    graph.node("Sub", ["k", "top"], ["distanceOfK"])
    graph.node("Sub", ["g", "top"], ["distanceOfG"])
    graph.node("Exp", ["distanceOfK"], ["first"])
    graph.node("Exp", ["distanceOfG"], ["second"])
    graph.node("Sum", ["first", "second", "k"], ["y"])
    graph.node("MatMul", ["y", "head"], ["logits"])
    graph.node("Identity", ["x"], ["newK"])
    graph.node("Identity", ["top"], ["newG"])
    graph.output("newK", [1, 2])
    graph.output("newG", [1, 2])
    // Nothing before: k is zero, g the logarithm of nothing, so y = (1 + 0 + 0, 1 + 0 + 0).
    #expect(try logits(graph, [0]) == [[1, 1, 3]])
  }

  @Test func attentionWithKeysThatWereNeverTransposed() throws {
    // One head of width 2; the cache is [positions, 2]; q = k = v = x. Softmax over the past is worked by hand below.
    var graph = GraphBuilder.start()
    graph.input("keys", ["past", 2])
    graph.input("values", ["past", 2])
    graph.node("Concat", ["keys", "x"], ["allKeys"], ints: ["axis": 0])
    graph.node("Concat", ["values", "x"], ["allValues"], ints: ["axis": 0])
    graph.output("allKeys", ["total", 2])
    graph.output("allValues", ["total", 2])
    graph.integers("column", [2], [2, 1])
    graph.node("Reshape", ["x", "column"], ["q"])
    graph.reals("half", [], [0.5])
    graph.node("MatMul", ["allKeys", "q"], ["products"])
    graph.node("Mul", ["half", "products"], ["scores"])
    graph.node("Softmax", ["scores"], ["weights"], ints: ["axis": 0])
    graph.integers("line", [2], [1, -1])
    graph.node("Reshape", ["weights", "line"], ["row"])
    graph.node("MatMul", ["row", "allValues"], ["context"])
    graph.node("MatMul", ["context", "head"], ["logits"])
    let rows = try logits(graph, [0, 1])
    #expect(rows[0] == [1, 2, 4])
    // Token 1: x = (3, 4); scores 0.5 * (3 + 8) and 0.5 * 25, so the second weighs 1 / (1 + exp(-7)).
    let second = 1 / (1 + exp(Float(-7)))
    let context = [1 + 2 * second, 2 + 2 * second]
    let expected = [context[0], context[1], 2 * context[0] + context[1]]
    #expect(zip(rows[1], expected).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func aTableOfPositionsIsReadAtThePosition() throws {
    // Row 1 + position of a table of places, the position being the length of a mask less one.
    var graph = GraphBuilder.start()
    graph.input("mask", type: 7, [1, "total"])
    graph.reals("places", [10, 2], (0..<20).map { Float($0) })
    graph.node("Shape", ["mask"], ["lengths"])
    graph.integers("one", [1], [1])
    graph.node("Gather", ["lengths", "one"], ["index"])
    graph.node("Gather", ["places", "index"], ["place"])
    graph.node("Add", ["x", "place"], ["sum"])
    graph.node("MatMul", ["sum", "head"], ["logits"])
    #expect(try logits(graph, [0, 0]) == [[3, 5, 11], [5, 7, 17]])
  }

  @Test func layerNormalisationWrittenOut() throws {
    var graph = GraphBuilder.start()
    graph.reals("two", [], [2])
    graph.reals("epsilon", [], [1e-5])
    graph.reals("gain", [2], [2, 3])
    graph.reals("shift", [2], [0.5, 0])
    graph.node("ReduceMean", ["x"], ["mean"], ints: ["keepdims": 1])
    graph.node("Sub", ["x", "mean"], ["deviation"])
    graph.node("Pow", ["deviation", "two"], ["square"])
    graph.node("ReduceMean", ["square"], ["variance"], ints: ["keepdims": 1])
    graph.node("Add", ["variance", "epsilon"], ["padded"])
    graph.node("Sqrt", ["padded"], ["root"])
    graph.node("Div", ["deviation", "root"], ["normal"])
    graph.node("Mul", ["normal", "gain"], ["scaled"])
    graph.node("Add", ["scaled", "shift"], ["y"])
    graph.node("MatMul", ["y", "head"], ["logits"])
    // x = (1, 2): deviations of a half, so (-1, 1) but for epsilon; y = (-1.5, 3).
    let row = try logits(graph, [0])[0]
    #expect(zip(row, [-1.5, 3, 0]).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test func layersOfSitesAreFoundUpstreamWhereTheirNamesLackThem() throws {
    // Exporters of single modules name only the last part of a path; the parameters around it know their layer.
    var graph = GraphBuilder.start()
    var x = "x"
    for layer in 0..<2 {
      graph.reals("model.blocks.\(layer).attention.time_mix", [2], [1, 2])
      graph.reals("onnx::MatMul_\(layer)", [2, 2], [1, 2, 3, 4])
      graph.node("Mul", [x, "model.blocks.\(layer).attention.time_mix"], ["mixed\(layer)"])
      graph.node(
        "MatMul", ["mixed\(layer)", "onnx::MatMul_\(layer)"], ["key\(layer)"], name: layer == 0 ? "/key/MatMul" : "/key_1/MatMul")
      x = "key\(layer)"
    }
    graph.node("MatMul", [x, "head"], ["logits"])
    let sites = try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path)).1.sites
    }
    #expect(sites.map { $0.name } == ["blocks.0.attention.key", "blocks.1.attention.key", "head"])
    #expect(sites.map { $0.kind } == ["attention.key", "attention.key", "head"])
  }

  @Test func powersMayBeWholeNumbers() throws {
    var graph = GraphBuilder.start()
    graph.integers("two", [], [2])
    graph.node("Pow", ["x", "two"], ["y"])
    graph.node("MatMul", ["y", "head"], ["logits"])
    #expect(try logits(graph, [1]) == [[9, 16, 34]])
  }

  // MARK: Refusals

  @Test func nodesMayStandInAnyOrderButNotWaitForEachOther() throws {
    var graph = GraphBuilder()
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.output("logits", [1, 3])
    #expect(try logits(graph, [0]) == [[1, 2, 4]])

    var cyclic = GraphBuilder.start()
    cyclic.node("Add", ["x", "b"], ["a"])
    cyclic.node("Neg", ["a"], ["b"])
    cyclic.node("MatMul", ["b", "head"], ["logits"])
    let failure = try failure(cyclic)
    #expect(failure.kind == .malformed && failure.message.contains("cycle"))
  }

  @Test func namesThatAreMissingOrDoubleAreNamed() throws {
    var missing = GraphBuilder.start()
    missing.node("Add", ["x", "nowhere"], ["y"])
    missing.node("MatMul", ["y", "head"], ["logits"])
    #expect(try failure(missing).message.contains("\"nowhere\""))
    var double = GraphBuilder.start()
    double.node("Neg", ["x"], ["y"])
    double.node("Exp", ["x"], ["y"])
    double.node("MatMul", ["y", "head"], ["logits"])
    #expect(try failure(double).message.contains("\"y\""))
  }

  @Test func whatCannotBeImportedSaysWhy() throws {
    var foreign = GraphBuilder.start()
    foreign.node("Swish", ["x"], ["y"], domain: "com.example")
    foreign.node("MatMul", ["y", "head"], ["logits"])
    let other = try failure(foreign)
    #expect(other.kind == .unsupported && other.message.contains("com.example") && other.message.contains("make_y"))

    var computed = GraphBuilder.start()
    computed.node("Floor", ["x"], ["y"])
    computed.node("MatMul", ["y", "head"], ["logits"])
    let floor = try failure(computed)
    #expect(floor.kind == .unsupported && floor.message.contains("make_y"))

    var unread = GraphBuilder.start()
    unread.node("Floor", ["x"], ["y"])
    unread.node("MatMul", ["x", "head"], ["logits"])
    #expect(try logits(unread, [0]) == [[1, 2, 4]])

    // A row at twice the position is neither the same row at all positions nor one row further on at each.
    var positional = GraphBuilder.start()
    positional.input("mask", type: 7, [1, "total"])
    positional.reals("places", [20, 2], (0..<40).map { Float($0 * $0) })
    positional.node("Shape", ["mask"], ["lengths"])
    positional.integers("one", [], [1])
    positional.integers("two", [], [2])
    positional.node("Gather", ["lengths", "one"], ["length"])
    positional.node("Mul", ["length", "two"], ["double"])
    positional.node("Gather", ["places", "double"], ["place"])
    positional.node("Mul", ["x", "place"], ["y"])
    positional.node("MatMul", ["y", "head"], ["logits"])
    let depends = try failure(positional)
    #expect(depends.kind == .unsupported && depends.message.contains("number of positions"))
  }

  @Test func dataThatDisagreeWithTheShapeAreNamed() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5])
    graph.node("Gather", ["table", "token"], ["logits"])
    graph.output("logits", [1, 2])
    let failure = try failure(graph)
    #expect(failure.kind == .malformed && failure.message.contains("\"table\"") && failure.message.contains("24"))
  }
}
