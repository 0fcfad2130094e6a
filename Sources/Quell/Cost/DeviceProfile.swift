/// What a neuromorphic core pays for an effective multiply-accumulate.
public struct DeviceProfile: Sendable {
  /// Energy of its instructions, picojoules.
  public let computeEnergy: Double
  /// Energy of its memory accesses, picojoules.
  public let memoryEnergy: Double
  /// Time of its instructions on one core, nanoseconds.
  public let computeTime: Double
  /// Time of its memory accesses on one core, nanoseconds.
  public let memoryTime: Double

  /// SENECA, one core of 8 neural processing elements at 500 MHz, 5 instructions (multiply, add, load weight, load state, store
  /// state) for each effective multiply-accumulate.
  ///
  /// Inferred from the table of energy and latency in the poster to Knunyants et al., arXiv 2501.16337, taken as one block of
  /// d = 1024 with its published sparsities: it reproduces every cell to 2 %. The processor is described in Tang et al., Frontiers in
  /// Neuroscience 17:1187252 (2023); its figures are from synthesis, not silicon.
  public static let seneca = DeviceProfile(computeEnergy: 2.84, memoryEnergy: 4.20, computeTime: 0.506, memoryTime: 0.744)
}

/// A modelled price: not a measurement.
public struct CostEstimate: Equatable, Sendable {
  /// Microjoules per token.
  public let energy: Double
  /// Microjoules per token if nothing were skipped.
  public let denseEnergy: Double
  /// Milliseconds per token.
  public let latency: Double
  /// Milliseconds per token if nothing were skipped.
  public let denseLatency: Double

  /// Prices the linear operations that were counted, the head's among them; all zero where no token was.
  public init(_ counts: OperationCounts, on device: DeviceProfile) {
    let tokens = Double(max(counts.tokens, 1))
    let effective = Double(counts.effectiveMACs + counts.headEffectiveMACs) / tokens
    let dense = Double(counts.denseMACs + counts.headDenseMACs) / tokens
    let picojoules = device.computeEnergy + device.memoryEnergy
    let nanoseconds = device.computeTime + device.memoryTime
    energy = effective * picojoules * 1e-6
    denseEnergy = dense * picojoules * 1e-6
    latency = effective * nanoseconds * 1e-6
    denseLatency = dense * nanoseconds * 1e-6
  }
}
