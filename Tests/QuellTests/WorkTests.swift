import CQuell
import Testing

@testable import Quell

private let tokens: [UInt32] = [3, 0, 10, 7, 7, 1, 2]

/// The work of a session: units by kind, and by operation.
private struct Tally {
  var kinds = [WorkKind: Double]()
  var operations = [Int: Double]()

  init(_ session: Session, dense: Bool = false) {
    session.forEachWork(dense: dense) { operation, work in
      kinds[work.kind, default: 0] += work.units
      operations[operation, default: 0] += work.units
    }
  }

  subscript(kind: WorkKind) -> Double { kinds[kind] ?? 0 }
}

@Suite struct WorkTests {
  private let thresholds: [Float] = [0.5, 0.2, 0.4, 0.3]

  private func run(
    _ tiny: TinyModel = TinyModel(), thresholds: [Float] = [0, 0, 0, 0], batch: Int = 1, countsWork: Bool = true, eventGroup: Int = 8,
    _ body: (Session) throws -> Void
  ) throws {
    let (model, bytes) = try openTiny(tiny)
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model, batch: batch, countsWork: countsWork, eventGroup: eventGroup)
    for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    if batch > 1 { try session.prefill(tokens) } else { for token in tokens { try session.step(token) } }
    try body(session)
  }

  /// Against a count by hand of what the tiny model's operations say.
  @Test func workIsWhatTheProgramSays() throws {
    try run(thresholds: thresholds) { session in
      let tally = Tally(session)
      let (steps, d, h, v) = (Double(tokens.count), Double(TinyModel.width), Double(TinyModel.hidden), Double(TinyModel.vocabulary))
      let events = session.eventCounts.map { Double($0) }
      #expect(tally[.multiplyAccumulateF32] == events[0] * h + events[1] * d + events[2] * 3 * d + events[3] * v)
      #expect(tally[.output] == steps * (h + 4 * d + v))
      #expect(tally[.compareInput] == steps * (3 * d + h))
      #expect(tally[.emitEvent] == events.reduce(0, +))
      #expect(tally[.takeEvent] == tally[.emitEvent])
      #expect(tally[.lookUpF32] == steps * 2 * d)
      #expect(tally[.rectify] == steps * h)
      // Attention looks back at 1, 2, ... positions, with 3 heads, over keys and values of d / 3 each.
      let positions = steps * (steps + 1) / 2
      #expect(tally[.attend] == 2 * d * positions)
      #expect(tally[.exponential] == 3 * positions)
      #expect(tally[.divide] == steps + 3 * steps)
      #expect(tally[.squareRoot] == steps)
    }
  }

  @Test func groupsAreThoseOfEachVector() throws {
    for group in [1, 3, 8] {
      try run(thresholds: thresholds, eventGroup: group) { session in
        let (model, bytes) = try openTiny()
        defer { withExtendedLifetime(bytes) {} }
        let twin = try Session(model)
        for (site, threshold) in thresholds.enumerated() { try twin.setThreshold(threshold, site: site) }
        var groups = [UInt64](repeating: 0, count: 4)
        for token in tokens {
          let before = twin.eventCounts
          try twin.step(token)
          for (site, (old, new)) in zip(before, twin.eventCounts).enumerated() {
            groups[site] += (new - old + UInt64(group) - 1) / UInt64(group)
          }
        }
        #expect((0..<4).map { session.activity(ofSite: $0).groups } == groups.map { Double($0) })
      }
    }
  }

  @Test func thresholdsAtZeroDoTheDenseWorkButForExactZeros() throws {
    try run { session in
      let (sparse, dense) = (Tally(session), Tally(session, dense: true))
      let (d, h) = (Double(TinyModel.width), Double(TinyModel.hidden))
      // Only the rectified site has zeros.
      let zeros = Double(tokens.count) * h - Double(session.eventCounts[1])
      #expect(zeros > 0)
      #expect(dense[.multiplyAccumulateF32] - sparse[.multiplyAccumulateF32] == zeros * d)
      #expect(dense[.takeEvent] - sparse[.takeEvent] == zeros)
      #expect(dense[.multiplyAccumulateF32] == Double(session.counts.denseMACs + session.counts.headDenseMACs))
    }
  }

  @Test func quietInputsLeaveOnlyWhatDoesNotDependOnEvents() throws {
    try run(thresholds: [1e9, 1e9, 1e9, 1e9]) { session in
      let (quiet, dense) = (Tally(session), Tally(session, dense: true))
      for kind in [WorkKind.multiplyAccumulateF32, .sum, .emitEvent, .takeEvent] {
        #expect(quiet[kind] == 0)
        #expect(dense[kind] > 0)
      }
      for kind in WorkKind.allCases where ![.multiplyAccumulateF32, .sum, .emitEvent, .takeEvent].contains(kind) {
        #expect(quiet[kind] == dense[kind], "\(kind.name)")
      }
    }
  }

  @Test func prefillDoesTheSameWorkButForLogits() throws {
    try run(thresholds: thresholds) { stepped in
      try run(thresholds: thresholds, batch: 4) { batched in
        let (all, last) = (Tally(stepped), Tally(batched))
        let head = Double(TinyModel.width * TinyModel.vocabulary)
        #expect(last[.attend] == all[.attend] && last[.rectify] == all[.rectify])
        #expect(batched.eventCounts[0...2] == stepped.eventCounts[0...2])
        #expect(last[.output] == all[.output] - Double(tokens.count - 1) * Double(TinyModel.vocabulary))
        #expect(last[.multiplyAccumulateF32] < all[.multiplyAccumulateF32])
        #expect(
          Tally(batched, dense: true)[.multiplyAccumulateF32] == Tally(stepped, dense: true)[.multiplyAccumulateF32] - Double(
            tokens.count - 1) * head)
      }
    }
  }

  @Test func whatIsNotCountedIsZero() throws {
    try run(countsWork: false) { session in
      #expect(session.counts.events == 0 && session.counts.denseMACs == 0)
      #expect(session.eventCounts == [0, 0, 0, 0])
    }
  }

  @Test func eventsOfOneAreAccumulates() throws {
    try run { session in
      let sites = (0..<4).map { session.activity(ofSite: $0) }
      #expect(sites.allSatisfy { $0.binaryEvents == 0 })
    }
    // A mixing vector of zeros and rests of one leave the state of the fresh session, 0 and 0.25, for the first token: set to 1.
    var tiny = TinyModel()
    tiny.file["quell.state_fill"] = .uint32s([2, 3, Float(-1).bitPattern])
    for (name, value) in [("mix", Float(0)), ("rest", 1)] {
      let index = try #require(tiny.file.tensors.firstIndex { $0.name == name })
      tiny.file.tensors[index] = .f32(name, [TinyModel.width], [Float](repeating: value, count: TinyModel.width))
    }
    let (model, bytes) = try openTiny(tiny)
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    try session.step(1)
    let site = session.activity(ofSite: 0)
    #expect(site.events == 3 && site.binaryEvents == 3)
    #expect(Tally(session)[.accumulateF32] == 3 * Double(TinyModel.hidden))
    try session.step(1)
    #expect(session.activity(ofSite: 0).binaryEvents == 3)
    session.resetCounts()
    #expect(session.activity(ofSite: 0).binaryEvents == 0 && session.activity.positions == 0)
  }

  @Test func eventsOfInputsSumToThoseOfTheirSites() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    try session.setThreshold(0.4, site: 0)
    try session.step(4)
    #expect(session.inputEvents(ofSite: 0).isEmpty)
    session.resetCounts()
    session.countInputEvents()
    for token in tokens { try session.step(token) }
    for site in 0..<4 {
      #expect(session.inputEvents(ofSite: site).count == model.sites[site].inputs)
      #expect(session.inputEvents(ofSite: site).reduce(0, +) == session.eventCounts[site])
      #expect(session.inputEvents(ofSite: site).allSatisfy { $0 <= tokens.count })
    }
  }
}

@Suite struct ABICostTests {
  @Test func workAndItsPriceThroughC() {
    let model = CModel()
    let session = CSession(model)
    session.step(3, 1)
    var units = [UInt64](repeating: 7, count: Int(QUELL_WORK_KINDS))
    #expect(quell_cost_session_work(session.handle, false, &units, UInt32(units.count), nil) == QUELL_OK)
    var counts = quell_counts()
    counts.struct_size = UInt32(MemoryLayout<quell_counts>.size)
    #expect(quell_session_counts(session.handle, &counts, nil) == QUELL_OK)
    #expect(units[Int(QUELL_WORK_MAC_F32)] == counts.effective_macs + counts.head_effective_macs)
    #expect(units[Int(QUELL_WORK_AC_INT8)] == 0)

    let missing = quell_price(energy_compute: .nan, energy_memory: .nan, time_compute: .nan, time_memory: .nan)
    var prices = [quell_price](repeating: missing, count: units.count)
    var total = quell_price.zero
    let unpriced = Outcome { quell_cost_price(units, prices, UInt32(units.count), &total, $0) }
    #expect(unpriced.status == QUELL_UNSUPPORTED && unpriced.message.contains("mac_f32"))
    for kind in units.indices { prices[kind] = quell_price(energy_compute: 0, energy_memory: 0, time_compute: 0, time_memory: 0) }
    prices[Int(QUELL_WORK_MAC_F32)] = quell_price(energy_compute: 2, energy_memory: 3, time_compute: 0.5, time_memory: 0.25)
    prices[Int(QUELL_WORK_OUTPUT)] = quell_price(energy_compute: 1, energy_memory: 0, time_compute: 0, time_memory: 1)
    #expect(quell_cost_price(units, prices, UInt32(units.count), &total, nil) == QUELL_OK)
    let (macs, outputs) = (Double(units[Int(QUELL_WORK_MAC_F32)]), Double(units[Int(QUELL_WORK_OUTPUT)]))
    #expect(total.energy_compute == 2 * macs + outputs && total.energy_memory == 3 * macs)
    #expect(total.time_compute == 0.5 * macs && total.time_memory == 0.25 * macs + outputs)
    for bad in [-1.0, .infinity, .nan] {
      prices[Int(QUELL_WORK_ADD)].time_memory = bad
      let outcome = Outcome { quell_cost_price(units, prices, UInt32(units.count), &total, $0) }
      #expect(outcome.status == QUELL_INVALID_ARGUMENT && outcome.message.contains("price of add"))
    }
  }

  @Test func denseWorkIsWhatNothingQuietDoes() {
    let model = CModel()
    let session = CSession(model)
    for site in UInt32(0)..<4 { #expect(quell_session_set_threshold(session.handle, site, 1e9, nil) == QUELL_OK) }
    session.step(3)
    var units = [UInt64](repeating: 0, count: Int(QUELL_WORK_KINDS))
    #expect(quell_cost_session_work(session.handle, false, &units, UInt32(units.count), nil) == QUELL_OK)
    #expect(units[Int(QUELL_WORK_MAC_F32)] == 0)
    #expect(quell_cost_session_work(session.handle, true, &units, UInt32(units.count), nil) == QUELL_OK)
    let (d, h, v) = (UInt64(TinyModel.width), UInt64(TinyModel.hidden), UInt64(TinyModel.vocabulary))
    #expect(units[Int(QUELL_WORK_MAC_F32)] == 2 * d * h + 3 * d * d + d * v)
  }

  @Test func callsThatMakeNoSenseAreRefused() {
    let model = CModel()
    let session = CSession(model)
    session.step(3)
    var units = [UInt64](repeating: 0, count: Int(QUELL_WORK_KINDS))
    #expect(Outcome { quell_cost_session_work(nil, false, &units, 1, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(Outcome { quell_cost_session_work(session.handle, false, nil, 1, $0) }.status == QUELL_INVALID_ARGUMENT)
    let small = Outcome { quell_cost_session_work(session.handle, false, &units, 3, $0) }
    #expect(small.status == QUELL_BUFFER_TOO_SMALL && small.message.contains("\(WorkKind.count)"))
    #expect(Outcome { quell_cost_price(units, nil, 1, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    var options = quell_session_options()
    options.struct_size = UInt32(MemoryLayout<quell_session_options>.size)
    options.uncounted = 1
    var uncounted: UnsafeMutablePointer<quell_session>?
    #expect(quell_session_create(model.handle, &options, &uncounted, nil) == QUELL_OK)
    #expect(Outcome { quell_cost_session_work(uncounted, false, &units, 41, $0) }.status == QUELL_INVALID_ARGUMENT)
    quell_session_close(uncounted)
  }

  @Test func kindsHaveTheNamesOfTheHeader() {
    let names = (0..<UInt32(QUELL_WORK_KINDS)).map { String(cString: quell_cost_kind_name($0)!) }
    #expect(quell_cost_kind_name(UInt32(QUELL_WORK_KINDS)) == nil)
    #expect(Int(QUELL_WORK_KINDS) == WorkKind.count && WorkKind.allCases.count == WorkKind.count)
    #expect(names[Int(QUELL_WORK_MAC_INT4)] == "mac_int4")
    #expect(names[Int(QUELL_WORK_LOOKUP_BF16)] == "lookup_bf16")
    #expect(names[Int(QUELL_WORK_TAKE_EVENT)] == "take_event")
    #expect(names[Int(QUELL_WORK_HYPERBOLIC_TANGENT)] == "hyperbolic_tangent")
    #expect(names[Int(QUELL_WORK_CHOOSE)] == "choose")
    #expect(Set(names).count == names.count)
  }
}
