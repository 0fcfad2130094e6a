import Foundation
import Quell
import QuellImport
import Testing

@testable import QuellCalibration

/// Compensated models as files, on the models and texts of the examples.
@Suite struct CompensationTests {
  private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Examples")

  private func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quell-compensation-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  private func importModel(_ shipped: ShippedModel, to path: String, _ weights: WeightType = .f16) throws {
    let folder = CompensationTests.examples.appendingPathComponent("Models/\(shipped.rawValue)")
    try importONNX(
      from: folder.appendingPathComponent("model.onnx").path, to: path,
      options: ImportOptions(
        weights: weights, tokenizer: folder.appendingPathComponent("tokenizer.json").path))
  }

  private func windows(_ text: String, _ model: Model, count: Int = .max) throws -> [ArraySlice<UInt32>] {
    let bytes = try Data(contentsOf: CompensationTests.examples.appendingPathComponent("Texts/\(text).txt"))
    let tokens = try #require(model.tokenizer).encode(Array(bytes))
    return stride(from: 0, to: tokens.count - 1, by: 256).prefix(count).map { tokens[$0..<min($0 + 257, tokens.count)] }
  }

  /// A plan that asks the same of all sites but those that are mostly zero by themselves.
  private func plan(_ model: Model, _ windows: [ArraySlice<UInt32>], quiet: Double, isCentred: Bool) throws -> Compensation.Plan {
    let dense = try LayerwiseEvaluation(model, windows, threads: 2)
    try dense.finish()
    let natural = dense.quietFractions
    return Compensation.Plan(
      quiet: natural.enumerated().map { model.sites[$0].isHead ? 0 : max($1, quiet) }, natural: natural, isCentred: isCentred)
  }

  /// The loss of a model on the evaluation text, and the fraction of each site's inputs that is quiet there.
  private func evaluate(_ model: Model, thresholds: [Float]? = nil) throws -> (loss: Double, quiet: [Double]) {
    let evaluation = try LayerwiseEvaluation(model, try windows("evaluation", model), threads: 2)
    for (site, threshold) in (thresholds ?? model.sites.map(\.threshold)).enumerated() { evaluation.setThreshold(threshold, site: site) }
    let loss = try evaluation.loss()
    try evaluation.finish()
    return (loss, evaluation.quietFractions)
  }

  @Test(arguments: ShippedModel.allCases) func weightsMakeUpForMuchOfWhatIsLost(_ shipped: ShippedModel) throws {
    try withFolder { folder in
      let paths = ["model", "plain", "sparse", "small"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importModel(shipped, to: paths[0])
      let model = try Model(path: paths[0])
      let text = try windows("calibration", model)
      let plan = try plan(model, text, quiet: 0.55, isCentred: true)
      let fitted = try Compensation(of: paths[0], near: paths[2], plan, windows: text, threads: 2) { _, _ in }
      try fitted.write(to: paths[2])
      let sparse = try Model(path: paths[2])
      #expect(sparse.sites.map(\.threshold) == fitted.evaluation.thresholds)
      #expect(sparse.tensors.filter { $0.rows > 1 }.allSatisfy { $0.format == .f16 })
      #expect(sparse.tokenizer != nil)
      // The same fractions by thresholds alone, each site on what it sees once those before it are sparse.
      let alone = try LayerwiseEvaluation(model, text, threads: 2)
      for site in model.sitesInOrder where plan.isThresholded(site) {
        try alone.advance(beforeFirstOf: [site])
        let inputs = SiteInputs(
          try alone.gather(inputsOf: site, initial: [Float]()) { $0.append(contentsOf: $1) }, length: model.sites[site].inputs)
        alone.setThreshold(inputs.quantile(plan.quiet[site], around: nil), site: site)
      }
      let dense = try evaluate(model, thresholds: model.sites.map { _ in 0 })
      let (without, with) = (try evaluate(model, thresholds: alone.thresholds), try evaluate(sparse))
      for site in model.sites.indices where plan.isThresholded(site) {
        #expect(abs(with.quiet[site] - plan.quiet[site]) < 0.06)
        #expect(abs(fitted.evaluation.quietFractions[site] - plan.quiet[site]) < 0.01)
      }
      #expect(without.loss > dense.loss)
      #expect(with.loss - dense.loss < 0.75 * (without.loss - dense.loss))
      // What is left of the advantage in 8-bit integers.
      try convertModel(from: paths[2], to: paths[3], options: ConversionOptions(weights: .int8))
      let small = try evaluate(Model(path: paths[3]))
      #expect(abs(small.loss - with.loss) < 0.02)

    }
  }

  /// Where most inputs are zero by themselves, what is held back is missed in the mean alone.
  @Test(arguments: ShippedModel.allCases) func aBiasMakesUpForTheMeanBehindARectifier(_ shipped: ShippedModel) throws {
    try withFolder { folder in
      let paths = ["model", "sparse", "dense-form", "sparse-form"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importModel(shipped, to: paths[0], .f32)
      let model = try Model(path: paths[0])
      let text = try windows("calibration", model, count: 2)
      var plan = try plan(model, text, quiet: 0, isCentred: true)
      let site = try #require(model.sitesInOrder.first { plan.natural[$0] > 0.5 })
      plan.quiet[site] = (1 + plan.natural[site]) / 2
      let fitted = try Compensation(of: paths[0], near: paths[1], plan, windows: text, threads: 1) { _, _ in }
      try fitted.write(to: paths[1])
      let threshold = fitted.evaluation.thresholds[site]
      #expect(threshold > 0)
      let inputs = try LayerwiseEvaluation(model, text, threads: 1).gather(inputsOf: site, initial: [[Float]]()) { $0.append(Array($1)) }
        .joined()
      let held = (0..<model.sites[site].inputs).map { channel in
        inputs.reduce(0.0) { $0 + ($1[channel] <= threshold ? Double($1[channel]) : 0) } / Double(inputs.count)
      }
      let before = try FittedModel(copying: paths[0], to: paths[2], centredSites: []) { _, _ in true }
      let after = try FittedModel(copying: paths[1], to: paths[3], centredSites: []) { _, _ in true }
      let (dense, sparse) = (before.linears[site][0], after.linears[site][0])
      var most = 0.0
      for output in 0..<dense.outputs {
        let missed = held.enumerated().reduce(0.0) { $0 + $1.element * Double(dense.weights[$1.offset * dense.outputs + output]) }
        #expect(abs(Double(sparse.bias[output] - dense.bias[output]) - missed) < 1e-5 * (1 + abs(missed)))
        most = max(most, abs(missed))
      }
      #expect(most > 1e-3)
      #expect((0..<dense.outputs * held.count).allSatisfy { sparse.weights[$0] == dense.weights[$0] })
    }
  }

  #if os(Linux)
    @Test func whatIsFittedIsKeptWhenItsMemoryIsReleased() throws {
      try withFolder { folder in
        let paths = ["model", "fitted"].map { folder.appendingPathComponent("\($0).gguf").path }
        try importModel(.transformer, to: paths[0])
        let fitted = try FittedModel(copying: paths[0], to: paths[1], centredSites: []) { _, _ in true }
        let weights = try #require(fitted.linears.first { !$0.isEmpty })[0].weights
        weights[1] = 4096.5
        #expect(try residentKilobytes(ofMapped: paths[1]) > 0)
        fitted.releaseMemory()
        #expect(try residentKilobytes(ofMapped: paths[1]) == 0)
        #expect(weights[1] == 4096.5)
      }
    }

    /// How much of a mapped file is in this process's memory.
    private func residentKilobytes(ofMapped path: String) throws -> Int {
      let text = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps")).readDataToEndOfFile()
      let mappings = String(decoding: text, as: UTF8.self).split(separator: "\n")
      let first = try #require(mappings.firstIndex { $0.hasSuffix(path) })
      let line = try #require(mappings[first...].first { $0.hasPrefix("Rss:") })
      return try #require(Int(line.split(separator: " ")[1]))
    }
  #endif

  @Test func withoutAPlanNothingChanges() throws {
    try withFolder { folder in
      let paths = ["model", "same"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importModel(.transformer, to: paths[0])
      let model = try Model(path: paths[0])
      let text = try windows("calibration", model, count: 1)
      let plan = try plan(model, text, quiet: 0, isCentred: true)
      let fitted = try Compensation(of: paths[0], near: paths[1], plan, windows: text, threads: 1) { _, _ in }
      try fitted.write(to: paths[1])
      #expect(fitted.evaluation.thresholds.allSatisfy { $0 == 0 })
      let (before, after) = (try evaluate(model), try evaluate(Model(path: paths[1])))
      #expect(abs(after.loss - before.loss) < 1e-6)
    }
  }

  @Test func aStopLeavesNothingBehind() throws {
    try withFolder { folder in
      let paths = ["model", "sparse"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importModel(.transformer, to: paths[0])
      let model = try Model(path: paths[0])
      let text = try windows("calibration", model, count: 2)
      let plan = try plan(model, text, quiet: 0.5, isCentred: false)
      nonisolated(unsafe) var isStopped = false
      #expect(throws: CalibrationStop.self) {
        try Compensation(of: paths[0], near: paths[1], plan, windows: text, threads: 1, isStopped: { isStopped }) { _, fraction in
          isStopped = fraction > 0.3
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
    }
  }

  @Test func quantisedModelsAreRefused() throws {
    try withFolder { folder in
      let paths = ["model", "sparse"].map { folder.appendingPathComponent("\($0).gguf").path }
      try importModel(.transformer, to: paths[0], .int8)
      let model = try Model(path: paths[0])
      let text = try windows("calibration", model, count: 1)
      let plan = try plan(model, text, quiet: 0.5, isCentred: false)
      #expect(throws: ImportFailure.self) {
        try Compensation(of: paths[0], near: paths[1], plan, windows: text, threads: 1) { _, _ in }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
    }
  }
}
