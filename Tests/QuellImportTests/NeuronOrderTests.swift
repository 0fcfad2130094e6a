import Foundation
import Quell
import RandomNumbers
import Testing

@testable import QuellImport

/// Hidden units in another order: the same numbers come out, and every weight is where the order says.
@Suite struct NeuronOrderTests {
  /// The firing counts with which ``orderNeurons(from:to:firingCounts:progress:)`` chooses an order for each site's inputs.
  private func counts(_ model: Model, _ units: [HiddenUnits], _ order: (Int) -> [Int]) -> [[Int]] {
    var counts = [[Int]](repeating: [], count: model.sites.count)
    for unit in units {
      var ranks = [Int](repeating: 0, count: unit.count)
      for (place, old) in order(unit.count).enumerated() { ranks[old] = unit.count - place }
      counts[unit.site] = ranks
    }
    return counts
  }

  private func shuffled(_ count: Int) -> [Int] {
    var numbers = SplitMix(state: 7)
    return (0..<count).shuffled(using: &numbers)
  }

  @Test(arguments: ["rwkv_ts_step", "opt_optimum_past"], [WeightType.f32, .f16, .int8])
  func theModelComputesTheSameAndComesBackBitByBit(_ name: String, _ weights: WeightType) throws {
    try withFolder { folder in
      let paths = ["model", "ordered", "back"].map { folder.appendingPathComponent("\($0).gguf").path }
      let fixture = try Fixture(name)
      try importONNX(from: fixture.path, to: paths[0], options: ImportOptions(weights: weights))
      let model = try Model(path: paths[0])
      let units = HiddenUnits.all(in: model)
      let order = shuffled(try #require(units.first).count)
      #expect(try orderNeurons(from: paths[0], to: paths[1], firingCounts: counts(model, units) { _ in order }) == units.count)
      for (left, right) in zip(try run(paths[0], fixture.tokens, contextLength: 32), try run(paths[1], fixture.tokens, contextLength: 32)) {
        #expect(zip(left, right).allSatisfy { abs($0 - $1) < 2e-5 })
      }
      let (old, new) = (try Data(contentsOf: URL(fileURLWithPath: paths[0])), try Data(contentsOf: URL(fileURLWithPath: paths[1])))
      #expect(old.count == new.count && old != new)
      // The rows that events read are in the order that was asked for.
      for unit in units {
        for (tensor, axis) in unit.parts where axis == .row {
          let range = model.tensorRanges[tensor]
          let bytes = range.count / unit.count
          for (place, from) in order.enumerated() {
            let row = range.lowerBound + from * bytes
            #expect(new[(range.lowerBound + place * bytes)..<(range.lowerBound + (place + 1) * bytes)] == old[row..<(row + bytes)])
          }
        }
      }
      var inverse = order
      for (place, old) in order.enumerated() { inverse[old] = place }
      try orderNeurons(from: paths[1], to: paths[2], firingCounts: counts(model, units) { _ in inverse })
      #expect(try Data(contentsOf: URL(fileURLWithPath: paths[2])) == old)
    }
  }

  /// Those of channel mixes and feed-forward layers; state has a part in what time mixing and attention hand on.
  @Test(arguments: [("rwkv_ts_step", ".value"), ("opt_optimum_past", "fc2"), ("opt_ts_past", "fc2")])
  func unitsAreThoseOfTheFeedForwardLayers(_ name: String, _ ending: String) throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.gguf").path
      try importONNX(from: try Fixture(name).path, to: path, options: ImportOptions(weights: .f32))
      let model = try Model(path: path)
      let sites = HiddenUnits.all(in: model).map { model.sites[$0.site] }
      let wide = model.sites.filter { !$0.isHead && $0.inputs > (model.sites.map(\.inputs).min() ?? 0) }
      #expect(!wide.isEmpty && sites.map(\.name) == wide.map(\.name) && sites.allSatisfy { $0.kind.hasSuffix(ending) })
    }
  }

  @Test func aCancelledOrderLeavesNothing() throws {
    try withFolder { folder in
      let (path, output) = (folder.appendingPathComponent("model.gguf").path, folder.appendingPathComponent("ordered.gguf").path)
      try importONNX(from: try Fixture("rwkv_ts_step").path, to: path)
      let sites = try Model(path: path).sites
      let failure = #expect(throws: ImportFailure.self) {
        try orderNeurons(from: path, to: output, firingCounts: sites.map { Array(0..<$0.inputs) }) { _, _ in false }
      }
      #expect(failure?.kind == .cancelled)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
    }
  }
}
