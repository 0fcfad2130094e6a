import Quell

/// What some work comes to, and what it costs: sums over operations and tokens.
public struct CostSum: Equatable, Sendable {
  /// Picojoules, and cycles of one core, by what takes them.
  public struct Parts: Equatable, Sendable {
    /// Of instructions, the controller's among them.
    public var compute = 0.0
    /// Of memory accesses.
    public var memory = 0.0
    /// Of the ways of events between cores.
    public var network = 0.0
    /// All three.
    public var total: Double { compute + memory + network }
  }

  /// Picojoules.
  public var energy = Parts()
  /// Cycles of one core.
  public var cycles = Parts()
  /// Inputs that fired.
  public var events = 0.0
  /// All inputs.
  public var inputs = 0.0
  /// Multiply-accumulates that a machine that skips nothing would do.
  public var denseMACs = 0.0
  /// Multiply-accumulates that were done.
  public var effectiveMACs = 0.0
  /// Accumulates that were done instead of some, where events carry 1 or -1.
  public var effectiveACs = 0.0
  /// Numbers read from weights, by bits of one.
  public var weightReads: [Int: Double] = [:]
  /// Numbers of vectors, sums and caches that were read.
  public var stateReads = 0.0
  /// Those that were written.
  public var stateWrites = 0.0
  /// Exponentials, quotients and their like, of elements.
  public var specialFunctions = 0.0
  /// Sums, products, comparisons and copies of elements.
  public var elementaryFunctions = 0.0

  /// Nothing.
  public init() {}

  /// Both together.
  public static func += (sum: inout CostSum, other: CostSum) {
    sum.energy += other.energy
    sum.cycles += other.cycles
    sum.events += other.events
    sum.inputs += other.inputs
    sum.denseMACs += other.denseMACs
    sum.effectiveMACs += other.effectiveMACs
    sum.effectiveACs += other.effectiveACs
    sum.weightReads.merge(other.weightReads, uniquingKeysWith: +)
    sum.stateReads += other.stateReads
    sum.stateWrites += other.stateWrites
    sum.specialFunctions += other.specialFunctions
    sum.elementaryFunctions += other.elementaryFunctions
  }

  /// The fraction of multiply-accumulates that was not done.
  public var sparsity: Double { denseMACs == 0 ? 0 : 1 - (effectiveMACs + effectiveACs) / denseMACs }

  /// Numbers read and written anywhere.
  public var accesses: Double { weightReads.values.reduce(0, +) + stateReads + stateWrites }

  /// Counts work, without its price.
  mutating func count(_ work: VectorWork) {
    let units = work.units
    if let bits = work.kind.weightBits { weightReads[bits, default: 0] += units }
    let (reads, writes) = work.kind.stateAccesses
    stateReads += reads * units
    stateWrites += writes * units
    switch work.kind {
    case .multiplyAccumulateF32, .multiplyAccumulateF16, .multiplyAccumulateBF16, .multiplyAccumulateInt8, .multiplyAccumulateInt4:
      effectiveMACs += units
    case .accumulateF32, .accumulateF16, .accumulateBF16, .accumulateInt8, .accumulateInt4, .multiplyAccumulateTernary:
      effectiveACs += units
    case .compareInput: inputs += units
    case .emitEvent: events += units
    case .exponential, .sigmoid, .squareRoot, .sine, .cosine, .hyperbolicTangent, .errorFunction, .logarithm, .divide:
      specialFunctions += units
    case .copy, .negate, .rectify, .absolute, .round, .add, .subtract, .multiply, .maximum, .minimum, .threshold, .choose:
      elementaryFunctions += units
    case .lookUpF32, .lookUpF16, .lookUpBF16, .lookUpInt8, .lookUpInt4, .lookUpTernary, .sum, .output, .takeEvent, .attend: break
    }
  }
}

extension CostSum.Parts {
  static func += (sum: inout CostSum.Parts, other: CostSum.Parts) {
    sum.compute += other.compute
    sum.memory += other.memory
    sum.network += other.network
  }
}

extension WorkKind {
  /// Bits of the weight that one unit reads.
  var weightBits: Int? {
    switch self {
    case .multiplyAccumulateF32, .accumulateF32, .lookUpF32: 32
    case .multiplyAccumulateF16, .accumulateF16, .lookUpF16, .multiplyAccumulateBF16, .accumulateBF16, .lookUpBF16: 16
    case .multiplyAccumulateInt8, .accumulateInt8, .lookUpInt8: 8
    case .multiplyAccumulateInt4, .accumulateInt4, .lookUpInt4: 4
    case .multiplyAccumulateTernary, .lookUpTernary: 2
    default: nil
    }
  }

  /// Numbers of vectors, sums and caches that one unit reads and writes.
  var stateAccesses: (reads: Double, writes: Double) {
    switch self {
    case .multiplyAccumulateF32, .multiplyAccumulateF16, .multiplyAccumulateBF16, .multiplyAccumulateInt8, .multiplyAccumulateInt4,
      .accumulateF32, .accumulateF16, .accumulateBF16, .accumulateInt8, .accumulateInt4, .multiplyAccumulateTernary, .emitEvent,
      .takeEvent:
      (0, 0)
    case .lookUpF32, .lookUpF16, .lookUpBF16, .lookUpInt8, .lookUpInt4, .lookUpTernary, .output: (0, 1)
    case .compareInput, .attend: (1, 0)
    case .sum, .copy, .negate, .exponential, .rectify, .sigmoid, .squareRoot, .sine, .cosine, .hyperbolicTangent, .errorFunction,
      .logarithm, .absolute, .round:
      (1, 1)
    case .add, .subtract, .multiply, .divide, .maximum, .minimum, .threshold: (2, 1)
    case .choose: (3, 1)
    }
  }
}
