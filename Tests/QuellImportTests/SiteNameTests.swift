import Foundation
import Testing

@testable import QuellImport

/// What sites are called where the exporter has lost a part of the names.
struct SiteNameTests {
  private func sites(_ graph: GraphBuilder) throws -> [ImportReport.Site] {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      return try stepProgram(of: MappedFile(path: input.path)).1.sites
    }
  }

  /// Two blocks of x + value(relu(key(x * mix))), then a head; `name` gives the names of weights and nodes.
  private func blocks(_ name: (_ block: Int, _ part: String, _ isNode: Bool) -> String) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [5, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    graph.node("Gather", ["table", "token"], ["x0"])
    for block in 0..<2 {
      let (mix, key, value) = (name(block, "mix", false), name(block, "key", false), name(block, "value", false))
      graph.reals(mix, [2], [0.5, Float(block) + 2])
      graph.reals(key, [2, 3], [1, 0, 2, 0, 1, Float(block)])
      graph.reals(value, [3, 2], [1, 0, 2, 0, 1, Float(block)])
      graph.node("Mul", ["x\(block)", mix], ["mixed\(block)"])
      graph.node("MatMul", ["mixed\(block)", key], ["k\(block)"], name: name(block, "key", true))
      graph.node("Relu", ["k\(block)"], ["r\(block)"])
      graph.node("MatMul", ["r\(block)", value], ["v\(block)"], name: name(block, "value", true))
      graph.node("Add", ["x\(block)", "v\(block)"], ["x\(block + 1)"])
    }
    graph.reals("last", [2, 5], [1, 0, 2, 0, 1, 1, 2, 3, 4, 5])
    graph.node("MatMul", ["x2", "last"], ["logits"])
    graph.output("logits", [1, 5])
    return graph
  }

  @Test func aLostBlockComesFromTheNearestNamedWeights() throws {
    let graph = blocks { block, part, isNode in
      if isNode { return block == 0 ? "/\(part)/MatMul" : "/\(part)_\(block)/MatMul" }
      return part == "mix" ? "model.blocks.\(block).ffn.mix" : "onnx::MatMul_\(block)\(part)"
    }
    let sites = try sites(graph)
    #expect(sites.map { $0.name } == ["blocks.0.ffn.key", "blocks.0.ffn.value", "blocks.1.ffn.key", "blocks.1.ffn.value", "head"])
    #expect(sites.map { $0.kind } == ["ffn.key", "ffn.value", "ffn.key", "ffn.value", "head"])
  }

  @Test(arguments: ["rwkv_axkuhta_op12", "rwkv_ts_step_rescale", "opt_dy_past_eager", "opt350_optimum_past"])
  func everyBlockHasTheSameKinds(_ name: String) throws {
    let sites = try stepProgram(of: MappedFile(path: Fixture(name).path)).1.sites
    #expect(Set(sites.map { $0.name }).count == sites.count)
    var kinds: [String: [String]] = [:]
    for site in sites where site.name != site.kind { kinds[String(site.name.dropLast(site.kind.count)), default: []].append(site.kind) }
    #expect(kinds.count >= 2 && Set(kinds.values).count == 1)
  }
}
