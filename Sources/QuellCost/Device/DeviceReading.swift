import Quell

extension Device {
  static let formatName = "quell-device"
  static let version = 1.0

  /// Reads a profile. Whatever is unknown, missing, negative or no number is refused by its name.
  public init(profile bytes: [UInt8]) throws(CostFailure) {
    let tree = try JSONTree(bytes)
    guard case .object = tree.node else { throw .malformed("the document is not an object") }
    let head = Dictionary(uniqueKeysWithValues: try tree.members().map { ($0.key, $0.value) })
    guard try head.require("format", in: "").text() == Device.formatName else {
      throw .malformed("its format is not '\(Device.formatName)'")
    }
    guard try head.require("version", in: "").number() == Device.version else {
      throw CostFailure(kind: .unsupported, description: "its version is not 1; it may need a newer Quell")
    }
    let root = try tree.members(of: [
      "format", "version", "name", "description", "sources", "clock_mhz", "lanes", "event_group", "skips_quiet_inputs", "components",
      "core", "network", "uncertainty", "instructions", "controller", "accesses", "work",
    ])
    var sources: [String: String] = [:]
    for (key, value) in try root.require("sources", in: "").members() { sources[key] = try value.text() }
    let reader = FigureReader(sources: sources)
    name = try root.require("name", in: "").text()
    description = try root.require("description", in: "").text()
    self.sources = sources
    clock = try reader.positive(root.require("clock_mhz", in: ""))
    lanes = try reader.count(root.require("lanes", in: ""))
    group = try reader.count(root.require("event_group", in: ""))
    skipsQuietInputs = try root.require("skips_quiet_inputs", in: "").bool()
    components = try Component.list(root.require("components", in: "").texts(), "components")
    core = try reader.core(root.require("core", in: ""))
    network = try root["network"].flatMap { tree throws(CostFailure) in try reader.network(tree) }
    let uncertainty = try root.require("uncertainty", in: "").members(of: ["energy", "latency"])
    energyUncertainty = try reader.figure(uncertainty.require("energy", in: "uncertainty"))
    latencyUncertainty = try reader.figure(uncertainty.require("latency", in: "uncertainty"))
    instructions = try reader.steps(root.require("instructions", in: ""), shared: false)
    controller = try reader.steps(root.require("controller", in: ""), shared: false)
    accesses = try reader.steps(root.require("accesses", in: ""), shared: true)
    mixes = try Device.mixes(root.require("work", in: ""), steps: instructions, controller, accesses)
    document = bytes
  }

  private static func mixes(_ tree: JSONTree, steps: [String: Step]...) throws(CostFailure) -> [WorkKind: Mix] {
    let kinds = Dictionary(uniqueKeysWithValues: WorkKind.allCases.map { ("\($0.name)", $0) })
    var mixes: [WorkKind: Mix] = [:]
    for (name, work) in try tree.members(of: Set(kinds.keys)) {
      var mix: Mix = []
      for (step, count) in try work.members() {
        let places = steps.count { $0[step] != nil }
        guard places > 0 else { throw .malformed("'\(work.path)' names '\(step)', which is no instruction and no access of the profile") }
        guard places == 1 else { throw .malformed("'\(step)' stands in more than one of instructions, controller and accesses") }
        mix.append((step, try count.amount()))
      }
      mixes[kinds[name]!] = mix
    }
    return mixes
  }
}

/// Reads what a profile gives with a source.
private struct FigureReader {
  let sources: [String: String]

  func figure(_ tree: JSONTree) throws(CostFailure) -> DeviceFigure {
    let members = try tree.members(of: ["value", "source", "measured"])
    let value = try members.require("value", in: tree.path)
    guard !value.isNull else { throw .malformed("'\(tree.path)' has no value yet: fill it in, with its source") }
    let source = try members.require("source", in: tree.path).text()
    guard sources[source] != nil else { throw .malformed("the source '\(source)' of '\(tree.path)' is none of the profile's sources") }
    return DeviceFigure(value: try value.amount(), source: source, measured: try members.require("measured", in: tree.path).bool())
  }

  func positive(_ tree: JSONTree) throws(CostFailure) -> DeviceFigure {
    let figure = try figure(tree)
    guard figure.value >= 1 / JSONTree.greatestAmount else {
      throw .malformed("'\(tree.path)' is \(figure.value), less than \(1 / JSONTree.greatestAmount)")
    }
    return figure
  }

  /// A whole number of at least 1.
  func count(_ tree: JSONTree) throws(CostFailure) -> DeviceFigure {
    let figure = try figure(tree)
    guard figure.value >= 1, figure.value <= 1e9, figure.value == figure.value.rounded() else {
      throw .malformed("'\(tree.path)' is not a whole number from 1 to 1000000000")
    }
    return figure
  }

  func core(_ tree: JSONTree) throws(CostFailure) -> Device.Core {
    let members = try tree.members(of: ["memory_bytes", "count", "static_power_mw"])
    return Device.Core(
      memory: try members["memory_bytes"].map { tree throws(CostFailure) in try positive(tree) },
      count: try members["count"].map { tree throws(CostFailure) in try count(tree) },
      staticPower: try figure(members.require("static_power_mw", in: tree.path)))
  }

  func network(_ tree: JSONTree) throws(CostFailure) -> Device.Network {
    let members = try tree.members(of: ["energy_pj", "cycles", "hops"])
    return Device.Network(
      energy: try figure(members.require("energy_pj", in: tree.path)), cycles: try figure(members.require("cycles", in: tree.path)),
      hops: try figure(members.require("hops", in: tree.path)))
  }

  func steps(_ tree: JSONTree, shared: Bool) throws(CostFailure) -> [String: Device.Step] {
    var steps: [String: Device.Step] = [:]
    let keys: Set = ["energy_pj", "cycles"]
    for (name, step) in try tree.members() {
      let members = try step.members(of: shared ? keys.union(["shared_energy_pj", "shared_cycles"]) : keys)
      guard (members["shared_energy_pj"] == nil) == (members["shared_cycles"] == nil) else {
        throw .malformed("'\(step.path)' has one of shared_energy_pj and shared_cycles, but not the other")
      }
      steps[name] = Device.Step(
        energy: try figure(members.require("energy_pj", in: step.path)), cycles: try figure(members.require("cycles", in: step.path)),
        sharedEnergy: try members["shared_energy_pj"].map { tree throws(CostFailure) in try figure(tree) },
        sharedCycles: try members["shared_cycles"].map { tree throws(CostFailure) in try figure(tree) })
    }
    return steps
  }
}
