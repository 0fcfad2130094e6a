import Foundation
import Quell
import Testing

@testable import QuellImport

/// Model files written again: what is to stay stays bit by bit, what changes changes as an import would have written it.
@Suite struct ConversionTests {
  private func files(_ names: String..., in folder: URL) -> [String] { names.map { folder.appendingPathComponent("\($0).gguf").path } }

  @Test(arguments: ["rwkv_ts_step", "opt_optimum_past", "opt_optimum_past_tied"], [WeightType.f16, .bf16, .int8, .int4])
  func otherWeightsAreThoseOfAnImport(_ name: String, _ weights: WeightType) throws {
    try withFolder { folder in
      let paths = files("wide", "imported", "converted", in: folder)
      let fixture = try Fixture(name)
      try importONNX(from: fixture.path, to: paths[0], options: ImportOptions(weights: .f32))
      try importONNX(from: fixture.path, to: paths[1], options: ImportOptions(weights: weights))
      try convertModel(from: paths[0], to: paths[2], options: ConversionOptions(weights: weights))
      let (imported, converted) = (try Model(path: paths[1]), try Model(path: paths[2]))
      #expect(converted.tensors == imported.tensors)
      #expect(try run(paths[2], fixture.tokens, contextLength: 32) == run(paths[1], fixture.tokens, contextLength: 32))
    }
  }

  @Test(arguments: ["rwkv_ts_step", "opt_dynint8"]) func layoutsComeBackBitByBit(_ name: String) throws {
    try withFolder { folder in
      let paths = files("model", "whole", "back", in: folder)
      let fixture = try Fixture(name)
      try importONNX(from: fixture.path, to: paths[0])
      let model = try Model(path: paths[0])
      let count = model.sites.count
      let changed = try convertModel(
        from: paths[0], to: paths[1], options: ConversionOptions(siteSparsity: [Double](repeating: 0, count: count)))
      #expect(changed > 0)
      let whole = try Model(path: paths[1])
      #expect(layouts(whole).filter { $0 == .inputMajor }.isEmpty && whole.tensors.map(\.format) == model.tensors.map(\.format))
      // The same products, added up in another order.
      for (left, right) in zip(try run(paths[0], fixture.tokens, contextLength: 32), try run(paths[1], fixture.tokens, contextLength: 32)) {
        #expect(zip(left, right).allSatisfy { abs($0 - $1) < 2e-5 })
      }
      let before = layouts(model).map { $0 == .inputMajor ? 1.0 : 0 }
      try convertModel(from: paths[1], to: paths[2], options: ConversionOptions(siteSparsity: [Double](repeating: 1, count: count)))
      #expect(layouts(try Model(path: paths[2])).map { $0 == .inputMajor ? 1.0 : 0 } == before)
      #expect(try run(paths[2], fixture.tokens, contextLength: 32) == run(paths[0], fixture.tokens, contextLength: 32))
    }
  }

  private func layouts(_ model: Model) -> [MatrixLayout] {
    model.operations.compactMap { if case .linear(_, let layout, _, _, _) = $0 { layout } else { nil } }
  }

  @Test func everySiteGetsTheLayoutThatSuitsIt() throws {
    try withFolder { folder in
      let paths = files("model", "mixed", in: folder)
      try importONNX(from: try Fixture("rwkv_ts_step").path, to: paths[0])
      let sites = try Model(path: paths[0]).sites.count
      try convertModel(
        from: paths[0], to: paths[1], options: ConversionOptions(siteSparsity: (0..<sites).map { $0 % 2 == 0 ? 0.29 : 0.3 }))
      for (index, layout) in layouts(try Model(path: paths[1])).enumerated() {
        #expect(layout == (index % 2 == 0 ? .outputMajor : .inputMajor))
      }
    }
  }

  @Test func thresholdsAndOtherKeysTravel() throws {
    try withFolder { folder in
      let paths = files("model", "other", in: folder)
      let pairs = [GGUFPair("general.author", .string("nobody")), GGUFPair("some.numbers", .float32Array([1, 2.5]))]
      try importONNX(from: try Fixture("rwkv_ts_step").path, to: paths[0], options: ImportOptions(name: "a name", metadata: pairs))
      let thetas = try Model(path: paths[0]).sites.indices.map { Float($0) / 8 }
      try convertModel(from: paths[0], to: paths[1], options: ConversionOptions(thresholds: thetas))
      let (model, other) = (try Model(path: paths[0]), try Model(path: paths[1]))
      #expect(other.name == "a name" && other.sites.map(\.threshold) == thetas)
      for pair in pairs {
        let values = [model, other].map { $0.entries.first { $0.key == pair.key }?.value }
        #expect(values[0] != nil && values[0] == values[1])
      }
    }
  }

  @Test func whatCannotBeConvertedIsRefused() throws {
    try withFolder { folder in
      let paths = files("model", "small", "other", in: folder)
      try importONNX(from: try Fixture("opt_optimum_past").path, to: paths[0])
      try importONNX(from: try Fixture("opt_optimum_past").path, to: paths[1], options: ImportOptions(weights: .int4))
      let narrow = try #require(conversionFailure(paths[1], paths[2], ConversionOptions(weights: .f16)))
      #expect(narrow.kind == .unsupported && narrow.message.contains("4-bit"))
      let same = try #require(conversionFailure(paths[0], paths[0], ConversionOptions()))
      #expect(same.kind == .unwritable)
      try Data("GGUF".utf8).write(to: URL(fileURLWithPath: paths[2]))
      let cut = try #require(conversionFailure(paths[2], paths[1], ConversionOptions()))
      #expect(cut.kind == .malformed && cut.message.contains(paths[2]))
      let missing = try #require(conversionFailure(paths[0] + "x", paths[2], ConversionOptions()))
      #expect(missing.kind == .unreadable)
      let stopped = try #require(conversionFailure(paths[0], paths[0] + "y", ConversionOptions(weights: .f16) { _, _ in false }))
      #expect(stopped.kind == .cancelled && !FileManager.default.fileExists(atPath: paths[0] + "y"))
    }
  }
}
