import Foundation
import Quell
import Testing

@testable import QuellImport

/// Models in the form in which weights are fitted: they compute what they did, and have what a fit changes.
@Suite struct FittableModelTests {
  @Test(arguments: ["rwkv_ts_step", "opt_optimum_past", "opt_optimum_past_tied"], [false, true])
  func nothingChangesBeforeAFit(_ name: String, _ isWhole: Bool) throws {
    try withFolder { folder in
      let fixture = try Fixture(name)
      let paths = ["model", "whole", "fittable"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importONNX(from: fixture.path, to: paths[0], options: ImportOptions(weights: .f32))
      let model = try Model(path: paths[0])
      // Laid out by outputs, matrices are turned back.
      let sparsity = [Double](repeating: isWhole ? 0 : 1, count: model.sites.count)
      try convertModel(from: paths[0], to: paths[1], options: ConversionOptions(siteSparsity: sparsity))
      try writeFittableModel(from: paths[1], to: paths[2], centredSites: Set(model.sites.indices))
      let fittable = try Model(path: paths[2])
      let names = fittable.tensors.map(\.name)
      for site in fittable.sites { #expect(names.contains(site.name + ".centre") == !site.isHead) }
      var isHead = false
      for operation in fittable.operations {
        if case .events(let site, _) = operation { isHead = fittable.sites[site].isHead }
        guard case .linear(_, let layout, let bias, _, _) = operation, !isHead else { continue }
        #expect(layout == .inputMajor && bias != nil)
      }
      let (before, after) = (try run(paths[0], fixture.tokens, contextLength: 32), try run(paths[2], fixture.tokens, contextLength: 32))
      // A head that is laid out by outputs adds up in another order.
      for (left, right) in zip(before, after) { #expect(zip(left, right).allSatisfy { abs($0 - $1) < 2e-5 }) }
      if !isWhole { #expect(before == after) }
    }
  }

  @Test func aCentreIsTakenFromWhatASiteSees() throws {
    try withFolder { folder in
      let fixture = try Fixture("opt_optimum_past")
      let paths = ["model", "fittable"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importONNX(from: fixture.path, to: paths[0], options: ImportOptions(weights: .f32))
      try writeFittableModel(from: paths[0], to: paths[1], centredSites: [0])
      // W (x - c) + (b + W c) is W x + b.
      var bytes = try Data(contentsOf: URL(fileURLWithPath: paths[1]))
      let model = try Model(path: paths[1])
      let (tensors, ranges) = (model.tensors, model.tensorRanges)
      var linear: (matrix: Int, bias: Int)?
      for operation in model.operations {
        if linear == nil, case .linear(let matrix, _, let bias, _, _) = operation { linear = (matrix, model.values[bias!].offset) }
      }
      let (matrix, bias) = try #require(linear)
      let centre = try #require(tensors.firstIndex { $0.name == model.sites[0].name + ".centre" })
      bytes.withUnsafeMutableBytes { bytes in
        func numbers(_ tensor: Int) -> UnsafeMutableBufferPointer<Float> {
          UnsafeMutableRawBufferPointer(rebasing: bytes[ranges[tensor]]).bindMemory(to: Float.self)
        }
        for input in numbers(centre).indices {
          numbers(centre)[input] = Float(input % 5) / 8
          for output in numbers(bias).indices {
            numbers(bias)[output] += Float(input % 5) / 8 * numbers(matrix)[input * numbers(bias).count + output]
          }
        }
      }
      try bytes.write(to: URL(fileURLWithPath: paths[1]))
      let (before, after) = (try run(paths[0], fixture.tokens, contextLength: 32), try run(paths[1], fixture.tokens, contextLength: 32))
      for (left, right) in zip(before, after) { #expect(zip(left, right).allSatisfy { abs($0 - $1) < 1e-4 }) }
    }
  }

  @Test func quantisedWeightsAreRefused() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.gguf").path
      try importONNX(from: try Fixture("opt_optimum_past").path, to: path, options: ImportOptions(weights: .int8))
      let output = folder.appendingPathComponent("fittable.gguf").path
      do throws(ImportFailure) {
        try writeFittableModel(from: path, to: output, centredSites: [])
        Issue.record("a quantised model was taken")
      } catch {
        #expect("\(error)".contains("compensate the f32 or f16 model"))
      }
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }
}
