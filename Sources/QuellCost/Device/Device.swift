import Quell

/// A number that a profile gives, with where it comes from.
public struct DeviceFigure: Equatable, Sendable, Encodable {
  /// The number itself, in the unit that its key names.
  public var value: Double
  /// The key of one of the profile's sources.
  public var source: String
  /// Whether it was measured on silicon, and not simulated, inferred or assumed.
  public var measured: Bool
}

/// A processor as data: what it pays for instructions, memory accesses and events. docs/COST.md defines the file.
public struct Device: Sendable {
  /// What an instruction or an access costs.
  struct Step: Sendable {
    /// Picojoules for one number.
    var energy: DeviceFigure
    /// Cycles: of a pass over as many numbers as there are lanes, or for each number where it is the controller's.
    var cycles: DeviceFigure
    /// The same for a weight that lies in the memory that cores share.
    var sharedEnergy: DeviceFigure?
    var sharedCycles: DeviceFigure?
  }

  /// How work is made of steps: how often each is done for one unit.
  typealias Mix = [(step: String, count: Double)]

  /// What holds weights.
  struct Core: Sendable {
    /// Bytes of its memory for weights; nil where memory is not modelled and one core holds all.
    var memory: DeviceFigure?
    /// How many cores there are; nil where nothing limits them.
    var count: DeviceFigure?
    /// Milliwatts that each core takes at all times.
    var staticPower: DeviceFigure
  }

  /// What connects cores.
  struct Network: Sendable {
    /// Picojoules for an event's way from one router to the next.
    var energy: DeviceFigure
    /// Cycles of the same.
    var cycles: DeviceFigure
    /// How many such ways lie between two cores, in the mean.
    var hops: DeviceFigure
  }

  /// What the device is called.
  public let name: String
  /// What it is, and what is left out.
  public let description: String
  /// Where figures come from, by the keys that figures name.
  public let sources: [String: String]
  let clock: DeviceFigure
  let lanes: DeviceFigure
  let group: DeviceFigure
  /// Whether inputs that are quiet cost nothing.
  public let skipsQuietInputs: Bool
  /// What a price covers where nothing else is asked for.
  public let components: [Component]
  let core: Core
  let network: Network?
  /// Relative errors of the model.
  let energyUncertainty: DeviceFigure
  let latencyUncertainty: DeviceFigure
  let instructions: [String: Step]
  let controller: [String: Step]
  let accesses: [String: Step]
  let mixes: [WorkKind: Mix]
  /// The profile as it was read.
  public let document: [UInt8]

  /// Relative errors that the profile gives for its energies and times.
  public var relativeEnergyError: Double { energyUncertainty.value }
  /// The same for times.
  public var relativeLatencyError: Double { latencyUncertainty.value }
  /// Cycles in a second, in millions.
  public var megahertz: Double { clock.value }
  /// How many numbers one instruction works on.
  public var laneCount: Int { Int(lanes.value) }
  /// How many events are taken together.
  public var eventGroup: Int { Int(group.value) }
}
