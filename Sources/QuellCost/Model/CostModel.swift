import Quell

/// Puts a device's prices on the work of a program.
///
/// The price of work on a vector of n numbers, done t times, by steps of energy e and of c cycles, with L lanes: its energy is
/// n · t · e, its time t · ceil(n / L) · c; the controller takes n · t · c. Steps follow one another, and so do operations.
public struct CostModel: Sendable {
  /// The most cores that a price is made for; each is accounted for by itself.
  static let mostCores = 1 << 20

  /// What is paid to.
  public let device: Device
  /// The program that is priced.
  public let outline: ProgramOutline
  /// What the price covers.
  public let execution: Execution
  let places: [ProgramOutline.Place]
  let placement: Placement
  /// Cores that hold the weights behind each site, to which its events go.
  private let destinations: [ClosedRange<Int>]

  /// A model of a program on a device; refuses more cores than one where the profile has no network, and more than ``mostCores``.
  public init(_ outline: ProgramOutline, on device: Device, _ execution: Execution) throws(CostFailure) {
    self.device = device
    self.outline = outline
    self.execution = execution
    places = outline.places
    placement = Placement(outline, places, on: device, execution)
    guard placement.cores <= CostModel.mostCores else {
      throw .unsupported(
        "the weights take \(placement.cores) cores of '\(device.name)', more than \(CostModel.mostCores): ask for fewer, or give a core "
          + "more memory")
    }
    var destinations = [ClosedRange<Int>?](repeating: nil, count: outline.sites.count)
    for (index, operation) in outline.operations.enumerated() {
      guard case .linear = operation, let site = places[index].site else { continue }
      let (cores, others) = (placement.cores(of: index), destinations[site])
      destinations[site] = min(cores.lowerBound, others?.lowerBound ?? .max)...max(cores.upperBound, others?.upperBound ?? 0)
    }
    self.destinations = destinations.map { $0 ?? 0...0 }
    guard placement.cores == 1 || device.network != nil else {
      throw .unsupported(
        "the weights take \(placement.cores) cores, but the profile of '\(device.name)' has no network between cores: ask for one core")
    }
  }

  /// Bytes of the weights that are placed on cores.
  public var weightBytes: Double { placement.weightBytes }
  /// Cores whose memory would hold all weights.
  public var neededCores: Int { placement.neededCores }
  /// Cores that are used.
  public var cores: Int { placement.cores }

  /// What work of all operations cost, one sum for each operation of the program.
  ///
  /// - Parameters:
  ///   - activity: What the program did.
  ///   - sites: What each site did, with groups of the device's size. A device that skips nothing pays for all inputs.
  public func price(_ activity: ProgramActivity, sites: [SiteActivity]) throws(CostFailure) -> CostRun {
    var run = CostRun(tokens: activity.tokens, sums: [], busyCycles: [Double](repeating: 0, count: placement.cores))
    for (index, operation) in outline.operations.enumerated() {
      var sum = CostSum()
      var failure: CostFailure?
      let place = places[index]
      if execution.components.contains(place.component) {
        let site = place.site.map { paid($0, sites[$0]) } ?? SiteActivity(visits: 0, events: 0, groups: 0)
        operation.forEachWork(
          in: outline, visits: activity.visits(ofOperation: index), positions: activity.positions, site: site
        ) { work in
          guard failure == nil, work.units > 0 else { return }
          do throws(CostFailure) {
            sum.count(work)
            try pay(for: work, of: index, into: &sum)
          } catch {
            failure = error
          }
        }
        if case .linear(_, _, _, _, let result) = operation, let number = place.site {
          sum.denseMACs = sites[number].visits * Double(outline.sites[number].inputs) * Double(outline.length(ofValue: result))
        }
        if case .events = operation { payForNetwork(site.events, to: destinations[place.near].count, into: &sum) }
      }
      if let failure { throw failure }
      let cores = workplace(of: index)
      for core in cores { run.busyCycles[core] += sum.cycles.total / Double(cores.count) }
      run.sums.append(sum)
    }
    let interval = (execution.isPipelined ? run.busyCycles.max() ?? 0 : run.total.cycles.total) / (device.megahertz * 1e3)
    run.intervalMilliseconds = interval
    run.staticMicrojoules = device.core.staticPower.value * Double(placement.cores) * interval
    return run
  }

  /// The cores that an operation keeps busy: those of its weights, those to which a site's events go, or the first of those that work on
  /// what comes next.
  private func workplace(of index: Int) -> ClosedRange<Int> {
    switch outline.operations[index] {
    case .linear, .row: return placement.cores(of: index)
    case .events: return destinations[places[index].near]
    default:
      let first = destinations.isEmpty ? 0 : destinations[places[index].near].lowerBound
      return first...first
    }
  }

  /// What a site costs this device for.
  private func paid(_ number: Int, _ site: SiteActivity) -> SiteActivity {
    var paid = site
    if !device.skipsQuietInputs {
      paid = .dense(inputs: outline.sites[number].inputs, visits: site.visits, group: device.eventGroup)
    }
    if !execution.groupsEvents { paid.groups = paid.events }
    return paid
  }

  // MARK: Prices

  private func pay(for work: VectorWork, of index: Int, into sum: inout CostSum) throws(CostFailure) {
    guard let mix = device.mixes[work.kind] else {
      throw .unsupported(
        "'\(device.name)' has no price for work of the kind '\(work.kind.name)', which is in \(places[index].component.rawValue): "
          + "add it to the profile's work, \(work.kind.weightBits == nil ? "" : "choose other weights (--weights), ")or leave the "
          + "component out (--exclude)")
    }
    var work = work
    if work.kind == .takeEvent, let site = places[index].site { work.times *= Double(destinations[site].count) }
    let passes = work.times * Double((work.length + device.laneCount - 1) / device.laneCount)
    let shared = placement.shared(of: index)
    for (name, count) in mix {
      if let step = device.instructions[name] {
        sum.energy.compute += work.units * count * step.energy.value
        sum.cycles.compute += passes * count * step.cycles.value
      } else if let step = device.controller[name] {
        sum.energy.compute += work.units * count * step.energy.value
        sum.cycles.compute += work.units * count * step.cycles.value
      } else if let step = device.accesses[name] {
        // Only an access that has a price for shared memory is one to weights.
        let far = step.sharedEnergy == nil ? 0 : shared
        if shared > 0, work.kind.weightBits != nil, !mix.contains(where: { device.accesses[$0.step]?.sharedEnergy != nil }) {
          throw .unsupported(
            "not all weights fit into \(placement.cores) cores of '\(device.name)', whose profile has no price for '\(name)' in shared memory"
          )
        }
        sum.energy.memory += work.units * count * ((1 - far) * step.energy.value + far * (step.sharedEnergy?.value ?? 0))
        sum.cycles.memory += passes * count * ((1 - far) * step.cycles.value + far * (step.sharedCycles?.value ?? 0))
      }
    }
  }

  /// Pays for the way of events to each of the cores that take them; copies to several cores travel at the same time.
  private func payForNetwork(_ events: Double, to cores: Int, into sum: inout CostSum) {
    guard let network = device.network, placement.cores > 1 else { return }
    let ways = events * (execution.hops ?? network.hops.value)
    sum.energy.network += ways * Double(cores) * network.energy.value
    sum.cycles.network += ways * network.cycles.value
  }
}

/// What a run of a program cost.
public struct CostRun: Sendable {
  /// Tokens that were taken.
  public var tokens: Double
  /// One sum for each operation of the program, all zero where an operation is left out.
  public var sums: [CostSum]
  /// Cycles for which each core worked.
  var busyCycles: [Double]
  /// Milliseconds, over all tokens, at which the device is ready for another: the busiest core's where cores are pipelined.
  public var intervalMilliseconds = 0.0
  /// Microjoules that cores took without working, over all tokens.
  public var staticMicrojoules = 0.0

  /// All operations together.
  public var total: CostSum { sums.reduce(into: CostSum()) { $0 += $1 } }
}
