import Foundation
import Quell
import Testing

@testable import QuellImport

/// What is put together so that a step does less: that it is, and that the numbers stay what they were.
struct FusionTests {
  private func program(_ graph: GraphBuilder) throws -> (program: Program, report: ImportReport) {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path))
    }
  }

  private func linears(_ program: Program) -> Int {
    program.operations.count { if case .linear = $0 { true } else { false } }
  }

  // MARK: Wide matrices

  @Test func linearsOverOneInputBecomeOne() throws {
    var graph = GraphBuilder.start()
    graph.reals("model.a.weight", [2, 2], [1, 2, 3, 4])
    graph.reals("model.b.weight", [2, 1], [5, 6])
    graph.reals("model.c.weight", [2, 2], [1, 0, 0, 1])
    graph.reals("shift", [1], [7])
    graph.node("MatMul", ["x", "model.a.weight"], ["a"])
    graph.node("MatMul", ["x", "model.b.weight"], ["b"])
    graph.node("Add", ["b", "shift"], ["bShifted"])
    graph.node("MatMul", ["x", "model.c.weight"], ["c"])
    graph.node("Mul", ["a", "bShifted"], ["product"])
    graph.node("Sub", ["product", "c"], ["y"])
    graph.node("MatMul", ["y", "head"], ["logits"])
    // Token 0: x = (1, 2), a = (7, 10), b = 17 + 7, y = 24 a - x = (167, 238).
    #expect(try logits(graph, [0]) == [[167, 238, 572]])
    let (program, report) = try program(graph)
    #expect(linears(program) == 2)
    let wide = try #require(program.tensors.first { $0.weights.count == 3 })
    #expect(wide.shape == [2, 5] && wide.name == "a+b+c")
    #expect(report.fusion.linears == 3 && report.fusion.matrices == 1)
    #expect(report.sites.map { $0.outputs } == [5, 3])
  }

  @Test func theHeadAndTablesStayApart() throws {
    // The table is its own head, and a second matrix reads the same input as the head.
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("other", [2, 2], [1, 1, 0, 1])
    graph.reals("back", [2, 3], [1, 0, 0, 0, 1, 0])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("Transpose", ["table"], ["columns"])
    graph.node("MatMul", ["x", "columns"], ["first"])
    graph.node("MatMul", ["x", "other"], ["second"])
    graph.node("MatMul", ["second", "back"], ["third"])
    graph.node("Add", ["first", "third"], ["logits"])
    graph.output("logits", [1, 3])
    // x = (1, 2): table x = (5, 11, 17); x other = (1, 3).
    #expect(try logits(graph, [0]) == [[6, 14, 17]])
    #expect(try program(graph).report.fusion.matrices == 0)
  }

  @Test func layersThatShareWeightsShareAWideMatrix() throws {
    var graph = GraphBuilder.start()
    graph.reals("a", [2, 2], [0, 1, 1, 0])
    graph.reals("b", [2, 2], [1, 0, 0, 2])
    var x = "x"
    for layer in 0..<2 {
      graph.node("MatMul", [x, "a"], ["a\(layer)"])
      graph.node("MatMul", [x, "b"], ["b\(layer)"])
      graph.node("Add", ["a\(layer)", "b\(layer)"], ["sum\(layer)"])
      x = "sum\(layer)"
    }
    graph.node("MatMul", [x, "head"], ["logits"])
    // (1, 2) becomes (2, 1) + (1, 4) = (3, 5), then (5, 3) + (3, 10) = (8, 13).
    #expect(try logits(graph, [0]) == [[8, 13, 29]])
    let (program, _) = try program(graph)
    #expect(program.tensors.count { $0.form == .matrix } == 3 && linears(program) == 3)
  }

  @Test func attentionsReadPartsOfOneMatrix() throws {
    let (program, report) = try stepProgram(of: MappedFile(path: Fixture("opt_optimum_past").path))
    #expect(report.fusion.linears == 6 && report.fusion.matrices == 2)
    #expect(linears(program) == 9)
    #expect(program.tensors.contains { $0.name == "layers.1.self_attn.q_proj+k_proj+v_proj" && $0.shape == [64, 192] })
  }

  // MARK: State

  @Test func newStateIsWrittenWhereItBelongs() throws {
    // s becomes s / 2 + x.
    var graph = GraphBuilder.start()
    graph.input("s", [1, 2])
    graph.reals("half", [], [0.5])
    graph.node("Mul", ["s", "half"], ["faded"])
    graph.node("Add", ["faded", "x"], ["new"])
    graph.output("new", [1, 2])
    graph.node("MatMul", ["new", "head"], ["logits"])
    #expect(try logits(graph, [0, 1]) == [[1, 2, 4], [3.5, 5, 12]])
    let (program, report) = try program(graph)
    #expect(report.fusion.copies == 1)
    #expect(!program.operations.contains { if case .copy = $0 { true } else { false } })
  }

  @Test func stateThatIsReadLaterIsNotOverwritten() throws {
    // The old state is read after the new one has been computed, and of it.
    var graph = GraphBuilder.start()
    graph.input("s", [1, 2])
    graph.node("Add", ["s", "x"], ["new"])
    graph.output("new", [1, 2])
    graph.node("Mul", ["new", "s"], ["both"])
    graph.node("MatMul", ["both", "head"], ["logits"])
    // Token 0: nothing before; token 1: s = (1, 2), new = (4, 6); token 2: s = (4, 6), new = (9, 12).
    #expect(try logits(graph, [0, 1, 2]) == [[0, 0, 0], [4, 12, 20], [36, 72, 144]])
    #expect(try program(graph).report.fusion.copies == 0)
  }

  @Test func aStateThatMovesWithinItselfIsCopied() throws {
    // The last three x, side by side: each step moves all by one place.
    var graph = GraphBuilder.start()
    graph.input("line", [1, 6])
    graph.integers("two", [1], [2])
    graph.integers("six", [1], [6])
    graph.integers("axis", [1], [1])
    graph.node("Slice", ["line", "two", "six", "axis"], ["kept"])
    graph.node("Concat", ["kept", "x"], ["new"], ints: ["axis": 1])
    graph.output("new", [1, 6])
    graph.integers("zero", [1], [0])
    graph.node("Slice", ["new", "zero", "two", "axis"], ["oldest"])
    graph.node("MatMul", ["oldest", "head"], ["logits"])
    #expect(try logits(graph, [0, 1, 2, 2]) == [[0, 0, 0], [0, 0, 0], [1, 2, 4], [3, 4, 10]])
  }

  // MARK: Chains

  @Test func theRecurrenceIsOneChain() throws {
    let (program, report) = try stepProgram(of: MappedFile(path: Fixture("rwkv_ts_step").path))
    // Of two layers of seven sites each, all but the head's vector are made by chains.
    #expect(report.fusion.eventLists == 14)
    // What is left outside are single operations between others.
    let elementwise = program.operations.count { $0.isElementwise }
    #expect(elementwise - report.fusion.elementwise <= 4)
    // The longest chain: the recurrence from its operands to its output and its three new states, and the receptance.
    let longest = program.operations.map { if case .chain(let count, _) = $0 { count } else { 0 } }.max()
    #expect(longest ?? 0 >= 24)
    // States of the recurrence are written in place; only what the token shift keeps is copied.
    let copies = program.operations.count { if case .copy = $0 { true } else { false } }
    #expect(copies == 4 && report.fusion.copies == 6)
  }

  @Test func chainsHoldOneLengthAndWholeParts() throws {
    for name in ["rwkv_ts_step", "rwkv_axkuhta_op12", "opt_optimum_past", "opt_dy_full_opset23"] {
      let (program, _) = try stepProgram(of: MappedFile(path: Fixture(name).path))
      for (index, operation) in program.operations.enumerated() {
        guard case .chain(let count, let elements) = operation else { continue }
        let members = program.operations[(index + 1)...(index + count)]
        let written = members.compactMap { $0.writes.flatMap { program.extent($0) } }
        for member in members {
          #expect(program.count(member.writes ?? member.reads[0]) == elements)
          for extent in member.reads.compactMap({ program.extent($0) }) {
            #expect(written.allSatisfy { extent.isSameOrApart(from: $0) })
          }
        }
      }
    }
  }

  @Test func operationsOnShiftedVectorsStayInOrder() throws {
    // y is x turned by one place: computed in one chain with x, a tile would read what the next one makes.
    var graph = GraphBuilder.start()
    graph.reals("three", [2], [3, 3])
    graph.node("Mul", ["x", "three"], ["wide"])
    graph.integers("turned", [2], [1, 0])
    graph.node("Gather", ["wide", "turned"], ["swapped"], ints: ["axis": 1])
    graph.node("Add", ["wide", "swapped"], ["y"])
    graph.node("MatMul", ["y", "head"], ["logits"])
    #expect(try logits(graph, [0, 1]) == [[9, 9, 27], [21, 21, 63]])
  }
}
