import Quell
import Testing

@testable import QuellCost

/// The table of energy and latency in the poster to Knunyants et al., arXiv 2501.16337: one block of d = 1024 with the sparsities of the
/// 3B model. What it calls dense skips the natural zeros of the channel mix's value.
@Suite struct PosterTests {
  private static let sparsities = """
    {"time_mix.key": 61.61, "time_mix.value": 48.65, "time_mix.receptance": 49.53, "time_mix.output": 73.71, "channel_mix.key": 38.56,
     "channel_mix.receptance": 55.91, "channel_mix.value": {"sparse": 93.72, "natural": 93.02}}
    """

  /// Rows: energy of compute, memory and both in uJ, latency of the same in ms. Columns: sparse and dense time mix, channel mix, all.
  private static let table: [[Double]] = [
    [5.0, 11.9, 9.3, 15.5, 14.3, 27.4],
    [7.4, 17.6, 13.9, 23.1, 21.3, 40.7],
    [12.4, 29.5, 23.2, 38.6, 35.6, 68.1],
    [0.9, 2.1, 1.7, 2.8, 2.6, 4.9],
    [1.3, 3.1, 2.5, 4.1, 3.8, 7.2],
    [2.2, 5.2, 4.2, 6.9, 6.4, 12.1],
  ]

  private func report(_ sparsities: String) throws -> CostReport {
    let device = try Sample.device("seneca-poster")
    let outline = Sample.outline(Sample.block(1024, 4096), format: .bf16)
    let activity = try SiteSparsity(Array(sparsities.utf8)).activity(
      of: outline, group: device.eventGroup, components: [.linear])
    return try Sample.report(outline, activity.sparse, natural: activity.natural, on: device)
  }

  @Test func everyCellIsThePosters() throws {
    let report = try report(PosterTests.sparsities)
    let groups = Dictionary(uniqueKeysWithValues: report.rows(by: .group).map { ($0.name, $0.cases) })
    let columns: [CostQuantities?] = [
      groups["time_mix"]?[.sparse], groups["time_mix"]?[.natural], groups["channel_mix"]?[.sparse], groups["channel_mix"]?[.natural],
      report.totals[.sparse], report.totals[.natural],
    ]
    let rows: [(CostQuantities) -> Double] = [
      { $0.energyComputeUj }, { $0.energyMemoryUj }, { $0.energyUj }, { $0.latencyComputeMs }, { $0.latencyMemoryMs }, { $0.latencyMs },
    ]
    for (row, (quantity, cells)) in zip(rows, PosterTests.table).enumerated() {
      for (column, cell) in cells.enumerated() {
        let value = quantity(try #require(columns[column]))
        // The columns of both halves together, and the rows of compute and memory together, are totals.
        let isTotal = row % 3 == 2 || column >= 4
        #expect(abs(value / cell - 1) < (isTotal ? 0.01 : 0.015), "row \(row), column \(column): \(value), not \(cell)")
      }
    }
    #expect(try abs(1 / (1 - #require(report.saving(\.energyUj, against: .natural))) / 1.91 - 1) < 0.01)
    #expect(try abs(1 / (1 - #require(report.saving(\.latencyMs, against: .natural))) / 1.89 - 1) < 0.01)
  }

  /// The authors' price of an effective multiply-accumulate, from the same table: 2.84 and 4.20 pJ, 1.25 ns.
  @Test func otherSparsitiesCostCloseToFiveInstructionsEach() throws {
    for (timeMix, channelMix, value) in [(57.0, 40.0, 90.0), (50.0, 50.0, 92.0), (65.0, 45.0, 94.0)] {
      let report = try report(
        """
        {"time_mix.key": \(timeMix), "time_mix.value": \(timeMix), "time_mix.receptance": \(timeMix), "time_mix.output": \(timeMix),
         "channel_mix.key": \(channelMix), "channel_mix.receptance": \(channelMix), "channel_mix.value": \(value)}
        """)
      let macs = 1024 * 1024 * (4 * (1 - timeMix / 100) + 5 * (1 - channelMix / 100) + 4 * (1 - value / 100))
      let total = try #require(report.totals[.sparse])
      #expect(abs(total.effectiveMacs / macs - 1) < 1e-12)
      #expect(abs(total.energyUj / (macs * 7.04e-6) - 1) < 0.015)
      #expect(abs(total.latencyMs / (macs * 1.25e-6) - 1) < 0.015)
    }
  }

  /// Behind a rectifier one number stands for zeros that are natural.
  @Test func naturalZerosOfTheValueAreThoseThatWereGiven() throws {
    let device = try Sample.device("seneca-poster")
    var outline = Sample.outline(Sample.block(64, 256))
    let value = outline.sites.firstIndex { $0.kind == "feed_forward.value" }!
    outline.operations.insert(.unary(.relu, source: 2 * value, result: 2 * value), at: 2 * value)
    #expect(outline.rectifiedSites == [value])
    let text =
      #"{"time_mix.key": 25, "time_mix.value": 25, "time_mix.receptance": 25, "time_mix.output": 25, "channel_mix.key": 25, "#
      + #""channel_mix.receptance": 25, "channel_mix.value": 75}"#
    let activity = try SiteSparsity(Array(text.utf8)).activity(of: outline, group: device.eventGroup, components: [.linear])
    #expect(activity.sparse.map(\.events) == [48, 48, 48, 48, 48, 48, 64])
    #expect(activity.natural.map(\.events) == [64, 64, 64, 64, 64, 64, 64])
  }

  @Test(arguments: [
    (#"{"time_mix.key": 50}"#, "'time_mix.value' is missing"), (#"{"time_mix.keys": 50}"#, "'time_mix.keys' is no kind of site"),
    (#"{"time_mix.key": 101}"#, "more than 100"), (#"{"time_mix.key": -1}"#, "'time_mix.key' is -1"), ("[]", "not an object"),
    (#"{"time_mix.key": {"sparse": 1}}"#, "'time_mix.key.natural' is missing"), ("{", "not JSON"),
  ]) func aFileOfSparsitiesThatIsWrongIsRefused(text: String, why: String) throws {
    let failure = try #require(throws: CostFailure.self) {
      _ = try SiteSparsity(Array(text.utf8)).activity(of: Sample.outline(Sample.block(8, 32)), group: 1, components: [.linear])
    }
    #expect(failure.kind == .malformed && failure.description.contains(why), "\(failure.description)")
  }
}
