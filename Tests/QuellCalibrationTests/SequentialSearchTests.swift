import Quell
import Testing

@testable import QuellCalibration

@Suite struct SequentialSearchTests {
  private func evaluation(_ shipped: ShippedModel, _ windows: [[UInt32]], isStopped: @escaping () -> Bool = { false }) throws
    -> LayerwiseEvaluation
  {
    try LayerwiseEvaluation(shipped.model, windows.map { $0[...] }, threads: 2, isStopped: isStopped)
  }

  private func resume(_ search: inout SequentialSearch, _ record: SearchRecord) throws {
    let resumes = search.resume(record)
    try #require(resumes)
  }

  @Test(arguments: ShippedModel.allCases) func itFindsWhatAnIndependentImplementationFinds(_ shipped: ShippedModel) throws {
    let reference = try shipped.reference
    let evaluation = try evaluation(shipped, reference.windows)
    var search = SequentialSearch(evaluation, lossIncrease: reference.lossIncrease)
    try search.run(progress: { _ in }, settled: { _ in })
    let record = search.record
    #expect(record.choices.map(\.site) == reference.sites.map(\.name))
    #expect(record.choices.map(\.density) == reference.sites.map(\.density))
    #expect(record.evaluations == reference.evaluations)
    #expect(abs(record.denseLoss! - reference.denseLoss) < 1e-5)
    for (choice, expected) in zip(record.choices, reference.sites) {
      #expect(abs(choice.theta - expected.theta) <= 1e-4 * expected.theta, "\(choice.site)")
      #expect(abs(choice.loss - expected.loss) < 1e-4, "\(choice.site)")
    }
    // Sites that the search has no part in stay dense.
    let searched = Set(record.choices.map(\.site))
    for (site, threshold) in zip(shipped.model.sites, evaluation.thresholds) where !searched.contains(site.name) { #expect(threshold == 0) }
  }

  @Test func aSearchThatWasStoppedGoesOnToTheSameEnd() throws {
    let windows = try ShippedModel.transformer.reference.windows.map { Array($0.prefix(20)) }
    var whole = SequentialSearch(try evaluation(.transformer, windows), lossIncrease: 1.01)
    try whole.run(progress: { _ in }, settled: { _ in })
    // Stopped at some evaluations, in the middle of sites among others, each time gone on with by a fresh evaluation.
    var record: SearchRecord?
    for stop in [1, 8, 9, 23] {
      nonisolated(unsafe) var isStopped = false
      var part = SequentialSearch(try evaluation(.transformer, windows, isStopped: { isStopped }), lossIncrease: 1.01)
      if let record { try resume(&part, record) }
      #expect(throws: CalibrationStop.self) { try part.run(progress: { isStopped = $0.evaluations == stop }, settled: { _ in }) }
      #expect(part.record.evaluations == stop)
      record = part.record
    }
    let last = try evaluation(.transformer, windows)
    var rest = SequentialSearch(last, lossIncrease: 1.01)
    try resume(&rest, try #require(record))
    try rest.run(progress: { _ in }, settled: { _ in })
    #expect(rest.record == whole.record)
  }

  @Test func aRecordOfAnotherSearchIsRefused() throws {
    let windows = try ShippedModel.transformer.reference.windows.map { Array($0.prefix(9)) }
    var search = SequentialSearch(try evaluation(.transformer, windows), lossIncrease: 1.01, mostEvaluations: 2)
    try search.run(progress: { _ in }, settled: { _ in })
    var sameSearch = SequentialSearch(try evaluation(.transformer, windows), lossIncrease: 1.01)
    try resume(&sameSearch, search.record)
    var otherFactor = SequentialSearch(try evaluation(.transformer, windows), lossIncrease: 1.02)
    let resumesFactor = otherFactor.resume(search.record)
    #expect(!resumesFactor)
    var otherText = SequentialSearch(try evaluation(.transformer, windows.dropLast()), lossIncrease: 1.01)
    let resumesText = otherText.resume(search.record)
    #expect(!resumesText)
    var otherModel = SequentialSearch(try evaluation(.recurrent, windows), lossIncrease: 1.01)
    let resumesModel = otherModel.resume(search.record)
    #expect(!resumesModel)
  }

  @Test(arguments: [1, 2, 7, 12]) func noMoreLossesAreMeasuredThanAllowed(most: Int) throws {
    let windows = try ShippedModel.transformer.reference.windows.map { Array($0.prefix(9)) }
    var whole = SequentialSearch(try evaluation(.transformer, windows), lossIncrease: 1.05)
    try whole.run(progress: { _ in }, settled: { _ in })
    let evaluation = try evaluation(.transformer, windows)
    var search = SequentialSearch(evaluation, lossIncrease: 1.05, mostEvaluations: most)
    try search.run(progress: { _ in }, settled: { _ in })
    #expect(search.record.evaluations == most)
    // What was searched to its end is the same, the rest is dense.
    let done = search.record.choices.prefix { $0.density < 1 }
    #expect(done.dropLast() == whole.record.choices.prefix(max(done.count - 1, 0)))
    #expect(search.record.choices[done.count...].allSatisfy { $0.theta == 0 })
    #expect(search.record.choices.count == 18)
  }

  @Test func sitesComeInThePapersOrder() {
    func names(_ shipped: ShippedModel) -> [String] { PaperOrder.sites(of: shipped.model).map { shipped.model.sites[$0].name } }
    #expect(
      names(.recurrent)[7..<14] == [
        "blocks.1.attention.key", "blocks.1.attention.receptance", "blocks.1.attention.value", "blocks.1.attention.output",
        "blocks.1.feed_forward.receptance", "blocks.1.feed_forward.key", "blocks.1.feed_forward.value",
      ])
    #expect(names(.recurrent).count == 42)
    #expect(names(.transformer)[3..<6] == ["layers.1.self_attn.q_proj+k_proj+v_proj", "layers.1.fc1", "layers.1.fc2"])
    #expect(names(.transformer).count == 18)
  }
}
