import Quell
import Testing

@testable import QuellCost

@Suite struct DeviceTests {
  @Test(arguments: ["seneca-poster", "seneca", "dense-edge"]) func shippedProfilesSayWhereEveryFigureComesFrom(name: String) throws {
    let device = try Sample.device(name)
    #expect(device.name == name)
    #expect(device.laneCount == 8 && device.megahertz == 500)
    #expect(!device.sources.values.contains(""))
    // No figure is silicon's: none is said to be.
    #expect(!String(decoding: device.document, as: UTF8.self).contains("\"measured\": true"))
  }

  @Test func theTemplateAsksForItsNumbers() throws {
    let failure = try #require(throws: CostFailure.self) { try Sample.device("loihi-like") }
    #expect(failure.kind == .malformed && failure.description.contains("no value yet"))
    // Filled in, it is a profile.
    let text = String(decoding: try #require(ShippedDevices.text(named: "loihi-like")), as: UTF8.self)
    let filled = try Device(profile: Array(text.replacing("\"value\": null", with: "\"value\": 1024").utf8))
    let outline = Sample.outline([("a", 16, 16)])
    let report = try Sample.report(outline, [.dense(inputs: 16, visits: 1, group: 2)], on: filled)
    #expect(try #require(report.totals[.sparse]).energyUj > 0)
  }

  @Test(arguments: [
    (#""lanes""#, #""lane""#, "'lane' is unknown"),
    (#""clock_mhz": {"value": 500"#, #""clock_mhz": {"value": -500"#, "'clock_mhz.value' is -500"),
    (#""clock_mhz": {"value": 500"#, #""clock_mhz": {"value": 0"#, "'clock_mhz' is 0"),
    (#""clock_mhz": {"value": 500"#, #""clock_mhz": {"value": 1e-300"#, "'clock_mhz' is 1e-300, less than 1e-15"),
    (#""clock_mhz": {"value": 500"#, #""clock_mhz": {"value": 1e300"#, "'clock_mhz.value' is 1e+300, not a number from 0 to 10^15"),
    (#""clock_mhz": {"value": 500"#, #""clock_mhz": {"value": "fast""#, "'clock_mhz.value' is not a number"),
    (#""event_group": {"value": 1"#, #""event_group": {"value": 1.5"#, "'event_group' is not a whole number"),
    (#""version": 1"#, #""version": 2"#, "version is not 1"), ("quell-device", "device", "format is not"),
    (#""source": "tang", "measured": false}"#, #""source": "hearsay", "measured": false}"#, "'hearsay'"),
    (#""mac_f32": {"multiply": 1"#, #""mac_f32": {"divide": 1"#, "'work.mac_f32' names 'divide'"),
    (#""mac_f32": {"multiply": 1"#, #""mac_f33": {"multiply": 1"#, "'work.mac_f33' is unknown"),
    (#""mac_f32": {"multiply": 1"#, #""mac_f32": {"multiply": -1"#, "'work.mac_f32.multiply' is -1"),
    (#""components": ["linear""#, #""components": ["lines""#, "'lines'"),
    (#""components": ["linear""#, #""components": ["a\n\u001b[2J""#, "'a??[2J'"),
    (#""skips_quiet_inputs": true,"#, "", "'skips_quiet_inputs' is missing"),
    (#"{"value": 19.7, "source": "fit", "measured": false}"#, #"{"value": 19.7, "source": "fit"}"#, "energy_pj.measured' is missing"),
  ]) func whatIsWrongIsRefusedByName(old: String, new: String, why: String) throws {
    let text = String(decoding: try #require(ShippedDevices.text(named: "seneca-poster")), as: UTF8.self)
    #expect(text.contains(old), "the profile no longer has \(old)")
    let failure = try #require(throws: CostFailure.self) {
      try Device(profile: Array(text.replacing(old, with: new, maxReplacements: 1).utf8))
    }
    #expect(failure.description.contains(why), "\(failure.description)")
  }

  @Test(arguments: ["", "{", "[]", "null", "{\"format\": \"quell-device\"}", "\u{0}", String(repeating: "[", count: 5000)])
  func whatIsNoProfileIsRefused(text: String) {
    #expect(throws: CostFailure.self) { try Device(profile: Array(text.utf8)) }
  }

  @Test func workWithoutAPriceIsAnErrorThatNamesIt() throws {
    let device = try Sample.device("seneca")
    let outline = Sample.outline([("a", 16, 16)], format: .f32)
    let failure = try #require(throws: CostFailure.self) {
      try Sample.report(outline, [.dense(inputs: 16, visits: 1, group: 8)], on: device)
    }
    #expect(failure.kind == .unsupported)
    #expect(failure.description.contains("'mac_f32'") && failure.description.contains("--weights"))
  }

  /// Published: 14.2 pJ for a graded event in bf16 without grouping, 13.3 for a binary one; 2.7 to 2.8 at best, binary events, few bits and
  /// grouping [Tang et al. 2023]. What 8 more events cost, for each of the outputs of a core.
  @Test func aSynapticOperationOnSENECACostsWhatIsPublished() throws {
    let device = try Sample.device("seneca")
    func picojoules(_ format: WeightFormat, grouped: Bool, binary: Bool) throws -> Double {
      let outline = Sample.outline([("a", 16, 8000)], format: format)
      let energies = try [8.0, 16].map { events in
        let site = SiteActivity(visits: 1, events: events, groups: events / 8, binaryEvents: binary ? events : 0)
        let report = try Sample.report(outline, [site], on: device, Execution(on: device, groupsEvents: grouped))
        return try #require(report.totals[.sparse]).energyUj
      }
      return (energies[1] - energies[0]) * 1e6 / (8 * 8000)
    }
    #expect(try abs(picojoules(.bf16, grouped: false, binary: false) / 14.2 - 1) < 0.02)
    #expect(try abs(picojoules(.bf16, grouped: false, binary: true) / 13.3 - 1) < 0.06)
    #expect(try abs(picojoules(.int4, grouped: true, binary: true) / 2.75 - 1) < 0.12)
  }
}
