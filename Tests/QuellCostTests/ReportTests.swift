import Quell
import QuellDrawing
import Testing

@testable import QuellCost

@Suite struct ReportTests {
  private let outline = Sample.outline(Sample.block(64, 256) + Sample.block(64, 256) + [("head", 64, 100)])

  /// A third, a half and so on of the inputs fire.
  private func activity(group: Int) -> [SiteActivity] {
    outline.sites.enumerated().map { index, site in
      let events = Double(site.inputs / (2 + index % 5))
      return SiteActivity(visits: 1, events: events, groups: (events / Double(group)).rounded(.up))
    }
  }

  private func report(_ name: String, sites: [SiteActivity]? = nil, _ change: (inout Execution) -> Void = { _ in }) throws -> CostReport {
    let device = try Sample.device(name)
    var execution = Execution(on: device)
    change(&execution)
    let natural = outline.sites.map { SiteActivity.dense(inputs: $0.inputs, visits: 1, group: device.eventGroup) }
    return try Sample.report(outline, sites ?? activity(group: device.eventGroup), natural: natural, on: device, execution)
  }

  @Test(arguments: ["seneca-poster", "seneca", "dense-edge"]) func everyLevelSumsToTheWhole(name: String) throws {
    let report = try report(name)
    for which in report.cases {
      let total = try #require(report.totals[which])
      for level in CostReport.Level.allCases {
        let rows = report.rows(by: level).compactMap { $0.cases[which] }
        for quantity in [\CostQuantities.energyUj, \.latencyMs, \.denseMacs, \.effectiveMacs, \.events, \.inputs, \.accesses, \.cycles] {
          let sum = rows.reduce(0) { $0 + $1[keyPath: quantity] }
          #expect(abs(sum - total[keyPath: quantity]) <= 1e-12 * max(1, sum), "\(level) \(which) \(quantity)")
        }
      }
    }
    #expect(report.rows(by: .group).map(\.name) == ["time_mix", "channel_mix", "head"])
    #expect(report.rows(by: .layer).map(\.name) == ["0", "1", "2"])
    #expect(report.rows(by: .kind).count == 8)
  }

  @Test func whereEveryInputFiresAllCasesAreTheSame() throws {
    let device = try Sample.device("seneca")
    let all = outline.sites.map { SiteActivity.dense(inputs: $0.inputs, visits: 1, group: device.eventGroup) }
    let report = try report("seneca", sites: all)
    #expect(report.totals[.sparse]?.energyUj == report.totals[.dense]?.energyUj)
    #expect(report.totals[.sparse]?.effectiveMacs == report.totals[.dense]?.denseMacs)
    #expect(report.saving(\.energyUj, against: .dense) == 0)
  }

  @Test func whereNothingFiresOnlyInputsAndOutputsCost() throws {
    let report = try report("seneca", sites: outline.sites.map { _ in SiteActivity(visits: 1, events: 0, groups: 0) })
    let total = try #require(report.totals[.sparse])
    let (inputs, outputs) = (outline.sites.reduce(0) { $0 + $1.inputs }, outline.sites.reduce(0) { $0 + $1.outputs })
    // Load, compare and capture an input; load, scale, bias and store an output.
    let picojoules = Double(inputs) * (3.7 + 1.2 + 0.5) + Double(outputs) * (3.7 + 1.4 + 1.4 + 3.9)
    #expect(abs(total.energyUj - picojoules * 1e-6) < 1e-12)
    #expect(total.effectiveMacs == 0 && total.weightReads.isEmpty)
  }

  @Test func aDeviceThatSkipsNothingSavesNothing() throws {
    let report = try report("dense-edge")
    #expect(report.saving(\.energyUj, against: .dense) == 0)
    #expect(report.totals[.sparse]?.effectiveMacs == report.totals[.dense]?.denseMacs)
  }

  @Test func groupsSaveAccessesToSums() throws {
    let (grouped, single) = (try report("seneca"), try report("seneca") { $0.groupsEvents = false })
    let (few, many) = (try #require(grouped.totals[.sparse]), try #require(single.totals[.sparse]))
    #expect(few.effectiveMacs == many.effectiveMacs && few.energyComputeUj == many.energyComputeUj)
    let events = zip(activity(group: 8), outline.sites).reduce(0) { $0 + $1.0.events * Double($1.1.outputs) }
    let groups = zip(activity(group: 8), outline.sites).reduce(0) { $0 + $1.0.groups * Double($1.1.outputs) }
    #expect(many.stateReads - few.stateReads == events - groups)
    #expect(abs(many.energyMemoryUj - few.energyMemoryUj - (events - groups) * 7.6e-6) < 1e-9)
  }

  @Test func componentsThatAreLeftOutCostNothing() throws {
    let (with, without) = (try report("seneca"), try report("seneca") { $0.components.remove(.head) })
    let head = try #require(with.rows(by: .group).last?.cases[.sparse])
    #expect(without.rows(by: .group).map(\.name) == ["time_mix", "channel_mix"])
    #expect(try abs(#require(with.totals[.sparse]).energyUj - #require(without.totals[.sparse]).energyUj - head.energyUj) < 1e-12)
  }

  // MARK: Cores

  @Test func weightsThatDoNotFitAreReadFromSharedMemory() throws {
    let large = Sample.outline([("a", 1024, 512), ("b", 512, 512)])
    let device = try Sample.device("seneca")
    let sites = large.sites.map { SiteActivity.dense(inputs: $0.inputs, visits: 1, group: 8) }
    func total(cores: Int?) throws -> (CostReport, CostQuantities) {
      let report = try Sample.report(large, sites, on: device, Execution(on: device, cores: cores))
      return (report, try #require(report.totals[.sparse]))
    }
    // 512 kB and 256 kB of 8-bit weights: three cores of 256 kB.
    let (free, near) = try total(cores: nil)
    #expect(free.model.cores == 3 && free.model.neededCores == 3 && free.model.weightBytes == 786432)
    let (one, far) = try total(cores: 1)
    #expect(one.model.cores == 1 && one.model.neededCores == 3)
    // Two thirds of the weights are read from DRAM, at 243.75 pJ instead of 1.85.
    #expect(abs(far.energyMemoryUj - near.energyMemoryUj - 2.0 / 3 * 786432 * (243.75 - 1.85) * 1e-6) < 1e-6)
    // Events of the first layer go to two cores, those of the second to one, over two hops of 2 pJ each.
    #expect(abs(near.energyNetworkUj - (1024 * 2 + 512) * 2 * 2 * 1e-6) < 1e-12)
    #expect(far.energyNetworkUj == 0)
    // And two controllers take them, 10 instructions of 11.6 pJ each.
    #expect(abs(near.energyComputeUj - far.energyComputeUj - 1024 * 116e-6) < 1e-9)
  }

  /// A profile whose cores hold next to nothing asks for more cores than anyone can account for.
  @Test(arguments: ["1e-15", "1e-12", "0.5"]) func moreCoresThanCanBeAccountedForAreRefused(memory: String) throws {
    let text = String(decoding: try #require(ShippedDevices.text(named: "seneca")), as: UTF8.self)
    let memoryOfCore = #""memory_bytes": {"value": 262144"#
    #expect(text.contains(memoryOfCore))
    let device = try Device(profile: Array(text.replacing(memoryOfCore, with: #""memory_bytes": {"value": \#(memory)"#).utf8))
    let outline = Sample.outline([("a", 1024, 1024)])
    let sites = [SiteActivity.dense(inputs: 1024, visits: 1, group: 8)]
    let failure = try #require(throws: CostFailure.self) { try Sample.report(outline, sites, on: device) }
    #expect(failure.kind == .unsupported && failure.description.contains("more than 1048576"), "\(failure)")
    #expect(try Sample.report(outline, sites, on: device, Execution(on: device, cores: 2)).model.cores == 2)
  }

  @Test func pipelinedCoresAreReadyWhenTheBusiestIs() throws {
    let large = Sample.outline([("a", 512, 512), ("b", 512, 512)])
    let device = try Sample.device("seneca")
    let sites = large.sites.map { SiteActivity.dense(inputs: $0.inputs, visits: 1, group: 8) }
    let serial = try Sample.report(large, sites, on: device, Execution(on: device))
    let pipelined = try Sample.report(large, sites, on: device, Execution(on: device, isPipelined: true))
    let latency = try #require(serial.totals[.sparse]).latencyMs
    #expect(try #require(serial.interval(.sparse)) == latency)
    #expect(pipelined.totals[.sparse]?.latencyMs == latency)
    #expect(try #require(pipelined.interval(.sparse)) < 0.51 * latency)
  }

  @Test func moreThanOneCoreNeedsANetwork() throws {
    var text = String(decoding: try #require(ShippedDevices.text(named: "dense-edge")), as: UTF8.self)
    text.replace(#""count": {"value": 1,"#, with: #""count": {"value": 9,"#)
    let device = try Device(profile: Array(text.utf8))
    let large = Sample.outline([("a", 2048, 2048)])
    let sites = [SiteActivity.dense(inputs: 2048, visits: 1, group: 1)]
    let failure = try #require(throws: CostFailure.self) { try Sample.report(large, sites, on: device) }
    #expect(failure.kind == .unsupported && failure.description.contains("no network"))
  }

  // MARK: Forms

  @Test func theSheetHasALineForEachCaseAndName() throws {
    let report = try report("seneca")
    let lines = CostSheet.document(report).split(separator: "\n")
    let perCase = CostReport.Level.allCases.reduce(1) { $0 + report.rows(by: $1).count }
    #expect(lines.count == 1 + 3 * perCase)
    let columns = lines.map {
      $0.replacing("\"modelled, not measured\"", with: "m").split(separator: ",", omittingEmptySubsequences: false).count
    }
    #expect(Set(columns) == [25])
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("\"modelled, not measured\",seneca,") })
  }

  @Test func theFigureStacksWhatTheReportSays() throws {
    let report = try report("seneca-poster")
    let drawing = CostFigure.document(report)
    #expect(drawing.hasPrefix("<svg ") && drawing.hasSuffix("</svg>\n"))
    #expect(drawing.contains("modelled, not measured"))
    // 8 kinds of site in 3 bars of 2 charts, 8 in the legend, and the background.
    #expect(drawing.split(separator: "<rect").count - 1 == 2 * 3 * 8 + 8 + 1)
  }

  @Test func pricesForFirmwareGiveTheReportsSum() throws {
    let device = try Sample.device("seneca-poster")
    let report = try report("seneca-poster")
    let price = try #require(device.unitPrice(of: .multiplyAccumulateInt8))
    let sum = try #require(device.unitPrice(of: .sum))
    let output = try #require(device.unitPrice(of: .output))
    let total = try #require(report.totals[.sparse])
    let outputs = Double(outline.sites.reduce(0) { $0 + $1.outputs })
    let energy = total.effectiveMacs * (price.0 + price.1 + sum.0 + sum.1) + outputs * (output.0 + output.1)
    #expect(abs(energy * 1e-6 / total.energyUj - 1) < 1e-9)
    #expect(PriceTable.source(of: device).contains("[QUELL_WORK_SIGMOID] = {NAN, NAN, NAN, NAN}"))
  }
}

@Suite struct DrawingTests {
  @Test(arguments: [(0.0, 1.0), (0.7, 0.8), (4.3, 5), (9.9, 10), (68.1, 80), (0.0031, 0.004), (1234, 1250), (.infinity, 1)])
  func scalesEndAtARoundNumberAbove(greatest: Double, end: Double) {
    let axis = Axis(greatest: greatest)
    #expect(abs(axis.end / end - 1) < 1e-9, "\(axis.end)")
    #expect(axis.marks.first == 0 && axis.marks.count >= 2 && axis.marks.count <= 7)
    #expect(Set(axis.marks.map(axis.label)).count == axis.marks.count)
  }

  @Test func numbersHaveTheirDecimals() {
    #expect(Axis.text(1.005, decimals: 1) == "1.0" && Axis.text(-0.04, decimals: 2) == "-0.04" && Axis.text(12, decimals: 0) == "12")
    #expect(Axis.text(-0.001, decimals: 2) == "0.00")
  }

  @Test func textIsNoMarkup() {
    var drawing = SVGDrawing(width: 10, height: 10, title: "a<b")
    drawing.text("\"x\" & <y>", x: 1.005, y: -2.5)
    #expect(drawing.document.contains("<title>a&lt;b</title>"))
    #expect(drawing.document.contains("&quot;x&quot; &amp; &lt;y&gt;</text>") && drawing.document.contains("y=\"-2.5\""))
  }
}
