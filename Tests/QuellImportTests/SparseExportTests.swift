import Foundation
import Quell
import Testing

@testable import QuellImport

/// Exports with thresholds in them, read back: every site must have its own, and nothing else may have changed.
struct SparseExportTests {
  /// A threshold for each site, each another one.
  private func thresholds(_ sites: [ImportReport.Site]) -> [SiteThreshold] {
    sites.enumerated().map { SiteThreshold(site: $0.element.name, theta: 0.01 * Float($0.offset % 7 + 1)) }
  }

  private func failure(_ from: String, _ to: String, _ thresholds: [SiteThreshold], goesOn: Bool = true) -> ImportFailure? {
    do throws(ImportFailure) {
      try exportONNX(from: from, to: to, thresholds: thresholds, progress: { _, _ in goesOn })
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "rwkv_ts_step", "rwkv_dy_step", "rwkv_ts_step_rescale", "rwkv_axkuhta_op12", "rwkv_dynuint8", "rwkv_int4_sym_qdq", "opt_ts_past",
    "opt_dy_past_eager", "opt_optimum_past_tied", "opt350_optimum_past", "opt_optimum_legacy_decoder", "opt_dy_full_opset23",
    "opt_dynint8", "opt_int4_asym_qop", "Attention/standard_window", "Attention/contributed_projection_step",
  ])
  func aModelWithThresholdsComputesWhatASparseSessionDoes(_ name: String) throws {
    let fixture = try Fixture(name)
    try withFolder { folder in
      let dense = folder.appendingPathComponent("dense.gguf").path
      let sites = try importONNX(from: fixture.path, to: dense).sites
      let thresholds = thresholds(sites)
      let (export, sparse) = (folder.appendingPathComponent("sparse.onnx").path, folder.appendingPathComponent("sparse.gguf").path)
      let report = try exportONNX(from: fixture.path, to: export, thresholds: thresholds)
      #expect(report.sparseSites == sites.count && report.shrinks >= sites.count && report.branches.isEmpty)

      let again = try importONNX(from: export, to: sparse).sites
      #expect(again.map(\.name) == sites.map(\.name))
      #expect(again.map(\.threshold) == thresholds.map(\.theta))
      let session = try Session(Model(path: dense), contextLength: 32)
      for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold.theta, site: site) }
      let expected = try fixture.tokens.map { token in
        try session.step(token)
        return Array(session.logits)
      }
      #expect(try run(sparse, fixture.tokens, contextLength: 32) == expected)
      // Thresholds must show, or nothing was compared.
      #expect(try run(dense, fixture.tokens, contextLength: 32) != expected)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
    }
  }

  @Test func oneShrinkServesAllLinearOperationsOfASite() throws {
    let fixture = try Fixture("opt_optimum_past")
    try withFolder { folder in
      let (program, report) = try stepProgram(of: MappedFile(path: fixture.path))
      let output = folder.appendingPathComponent("sparse.onnx").path
      #expect(try exportONNX(from: fixture.path, to: output, thresholds: thresholds(report.sites)).shrinks == program.siteNames.count)
      // Thresholds of zero change nothing, byte for byte.
      let none = program.siteNames.map { SiteThreshold(site: $0, theta: 0) }
      #expect(try exportONNX(from: fixture.path, to: output, thresholds: none).shrinks == 0)
      #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == Data(contentsOf: URL(fileURLWithPath: fixture.path)))
    }
  }

  @Test func theBranchThatIsTakenGetsTheThresholds() throws {
    // Both branches multiply x by the same matrix; the condition is known, so that only one is ever taken.
    func body(_ result: String, _ operation: String) -> [UInt8] {
      var graph = GraphBuilder()
      graph.node("MatMul", ["x", "head"], ["\(result)_product"])
      graph.node(operation, ["\(result)_product"], [result])
      graph.output(result, [1, 3])
      return graph.body
    }
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.tensor("yes", type: 9, [], GraphBuilder.field(9, [1]))
    graph.raw(
      GraphBuilder.field(
        1,
        GraphBuilder.field(1, "yes") + GraphBuilder.field(2, "logits") + GraphBuilder.field(3, "choice") + GraphBuilder.field(4, "If")
          + GraphBuilder.branch("then_branch", body("taken", "Identity")) + GraphBuilder.branch("else_branch", body("other", "Neg"))))
    graph.output("logits", [1, 3])
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let output = folder.appendingPathComponent("sparse.onnx").path
      let report = try exportONNX(from: input.path, to: output, thresholds: [SiteThreshold(site: "head", theta: 1.5)])
      #expect(report.shrinks == 1 && report.branches == ["Node \"choice\" (If)"])
      let model = folder.appendingPathComponent("sparse.gguf").path
      try importONNX(from: output, to: model)
      // x = (1, 2), of which 1 is quiet.
      #expect(try run(model, [0], contextLength: 8) == [[0, 2, 2]])
    }
  }

  @Test func aGraphWithThresholdsTakesGreaterOnesAlone() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("Shrink", ["x"], ["y"], floats: ["lambd": 1.5])
    graph.node("MatMul", ["y", "head"], ["logits"])
    graph.output("logits", [1, 3])
    try withFolder { folder in
      let (input, output) = (folder.appendingPathComponent("graph.onnx"), folder.appendingPathComponent("sparse.onnx").path)
      try graph.model.write(to: input)
      let less = failure(input.path, output, [SiteThreshold(site: "head", theta: 1)])
      #expect(less?.kind == .unsupported && less?.message.contains("\"head\"") == true && less?.message.contains("1.5") == true)
      #expect(try exportONNX(from: input.path, to: output, thresholds: [SiteThreshold(site: "head", theta: 1.5)]).shrinks == 0)
      #expect(try exportONNX(from: input.path, to: output, thresholds: [SiteThreshold(site: "head", theta: 3)]).shrinks == 1)
    }
  }

  // MARK: Refusals

  @Test func thresholdsOfAnotherModelAreRefused() throws {
    let path = try Fixture("rwkv_ts_step").path
    try withFolder { folder in
      let output = folder.appendingPathComponent("sparse.onnx").path
      var given = thresholds(try stepProgram(of: MappedFile(path: path)).1.sites)
      let extra = failure(path, output, given + [SiteThreshold(site: "nowhere", theta: 1)])
      #expect(extra?.kind == .malformed && extra?.message.contains("\"nowhere\"") == true)
      let double = failure(path, output, given + [given[0]])
      #expect(double?.kind == .malformed && double?.message.contains("two") == true)
      given[1].theta = .nan
      #expect(failure(path, output, given)?.message.contains("\"\(given[1].site)\"") == true)
      let missing = failure(path, output, Array(given[2...]))
      #expect(missing?.kind == .malformed && missing?.message.contains("\"\(given[0].site)\"") == true)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test func oldOperatorSetsHaveNoPlaceForThresholds() throws {
    var graph = GraphBuilder()
    graph.opset = 8
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 3])
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try graph.model.write(to: input)
      let old = failure(input.path, folder.appendingPathComponent("sparse.onnx").path, [SiteThreshold(site: "head", theta: 1)])
      #expect(old?.kind == .unsupported && old?.message.contains("operator set 8") == true)
    }
  }

  @Test func weightsBesideTheModelStayBesideIt() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.external("head", [2, 3], ["location": "weights.bin"])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 3])
    let thresholds = [SiteThreshold(site: "head", theta: 1.5)]
    try withFolder { folder in
      let (input, weights) = (folder.appendingPathComponent("graph.onnx"), folder.appendingPathComponent("weights.bin"))
      try graph.model.write(to: input)
      let numbers: [Float] = [1, 0, 2, 0, 1, 1]
      let bytes = numbers.withUnsafeBytes { Data($0) }
      try bytes.write(to: weights)
      let beside = folder.appendingPathComponent("sparse.onnx").path
      #expect(try exportONNX(from: input.path, to: beside, thresholds: thresholds).shrinks == 1)
      let elsewhere = folder.appendingPathComponent("other")
      try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: false)
      let moved = failure(input.path, elsewhere.appendingPathComponent("sparse.onnx").path, thresholds)
      #expect(moved?.kind == .unsupported && moved?.message.contains("weights.bin") == true)
      #expect(failure(input.path, weights.path, thresholds)?.kind == .unwritable)
      #expect(failure(input.path, input.path, thresholds)?.kind == .unwritable)
      #expect(try Data(contentsOf: weights) == bytes)
    }
  }

  @Test func aCancelledExportLeavesNothing() throws {
    let path = try Fixture("rwkv_ts_step").path
    let given = thresholds(try stepProgram(of: MappedFile(path: path)).1.sites)
    try withFolder { folder in
      let output = folder.appendingPathComponent("sparse.onnx").path
      #expect(failure(path, output, given, goesOn: false) == .cancelled)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty)
    }
  }
}
