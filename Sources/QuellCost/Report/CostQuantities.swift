import Quell

/// Counts and prices for one token, as a report gives them.
public struct CostQuantities: Encodable, Sendable {
  public let energyComputeUj: Double
  public let energyMemoryUj: Double
  public let energyNetworkUj: Double
  /// Of cores that do nothing; only of all operations together.
  public let energyStaticUj: Double?
  /// All of these.
  public let energyUj: Double
  public let latencyComputeMs: Double
  public let latencyMemoryMs: Double
  public let latencyNetworkMs: Double
  public let latencyMs: Double
  public let cycles: Double
  public let inputs: Double
  public let events: Double
  public let sparsity: Double
  public let denseMacs: Double
  public let effectiveMacs: Double
  public let effectiveAcs: Double
  /// By bits of a weight.
  public let weightReads: [String: Double]
  public let stateReads: Double
  public let stateWrites: Double
  public let elementaryFunctions: Double
  public let specialFunctions: Double

  /// A sum over a run, for each of its tokens.
  init(_ sum: CostSum, of run: CostRun, on device: Device, isTotal: Bool = false) {
    let tokens = max(run.tokens, 1)
    // Picojoules become microjoules, and cycles at megahertz milliseconds.
    let (energy, time) = (1e-6 / tokens, 1e-3 / device.megahertz / tokens)
    energyComputeUj = sum.energy.compute * energy
    energyMemoryUj = sum.energy.memory * energy
    energyNetworkUj = sum.energy.network * energy
    energyStaticUj = isTotal ? run.staticMicrojoules / tokens : nil
    energyUj = sum.energy.total * energy + (isTotal ? run.staticMicrojoules / tokens : 0)
    latencyComputeMs = sum.cycles.compute * time
    latencyMemoryMs = sum.cycles.memory * time
    latencyNetworkMs = sum.cycles.network * time
    latencyMs = sum.cycles.total * time
    cycles = sum.cycles.total / tokens
    inputs = sum.inputs / tokens
    events = sum.events / tokens
    sparsity = sum.sparsity
    denseMacs = sum.denseMACs / tokens
    effectiveMacs = sum.effectiveMACs / tokens
    effectiveAcs = sum.effectiveACs / tokens
    weightReads = Dictionary(uniqueKeysWithValues: sum.weightReads.map { ("\($0.key)", $0.value / tokens) })
    stateReads = sum.stateReads / tokens
    stateWrites = sum.stateWrites / tokens
    elementaryFunctions = sum.elementaryFunctions / tokens
    specialFunctions = sum.specialFunctions / tokens
  }

  /// Numbers read and written anywhere.
  public var accesses: Double { weightReads.values.reduce(0, +) + stateReads + stateWrites }

  /// Picojoules for each multiply-accumulate or accumulate that was done.
  public var picojoulesPerSynapticOperation: Double {
    effectiveMacs + effectiveAcs == 0 ? 0 : energyUj * 1e6 / (effectiveMacs + effectiveAcs)
  }

  /// Microjoules times milliseconds.
  public var energyDelay: Double { energyUj * latencyMs }
}
