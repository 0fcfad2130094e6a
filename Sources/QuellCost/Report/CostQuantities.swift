import Quell

/// Counts and prices for one token, as a report gives them.
public struct CostQuantities: Encodable, Sendable {
  /// Of instructions.
  public let energyComputeUj: Double
  /// Of memory accesses.
  public let energyMemoryUj: Double
  /// Of the ways of events between cores.
  public let energyNetworkUj: Double
  /// Of cores that do nothing; only of all operations together.
  public let energyStaticUj: Double?
  /// All of these.
  public let energyUj: Double
  /// Of instructions.
  public let latencyComputeMs: Double
  /// Of memory accesses.
  public let latencyMemoryMs: Double
  /// Of the ways of events between cores.
  public let latencyNetworkMs: Double
  /// All of these, one after the other.
  public let latencyMs: Double
  /// The same in cycles.
  public let cycles: Double
  /// Inputs of sites.
  public let inputs: Double
  /// Those that fired.
  public let events: Double
  /// The fraction of multiply-accumulates that was not done.
  public let sparsity: Double
  /// Multiply-accumulates that a machine that skips nothing would do.
  public let denseMacs: Double
  /// Those that were done.
  public let effectiveMacs: Double
  /// Accumulates that were done instead of some.
  public let effectiveAcs: Double
  /// Numbers read from weights, by the bits of one.
  public let weightReads: [String: Double]
  /// Numbers of vectors, sums and caches that were read.
  public let stateReads: Double
  /// Those that were written.
  public let stateWrites: Double
  /// Sums, products, comparisons and copies of elements.
  public let elementaryFunctions: Double
  /// Exponentials, quotients and their like.
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
