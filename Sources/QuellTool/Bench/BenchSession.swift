import Quell

/// A model under one setting, ready to be timed.
struct BenchSession {
  let session: Session
  /// The sparsity that was asked for, nil where the thresholds are the model's own.
  let sparsity: Double?
  let threads: Int
  private let touched: TouchedBytes

  /// What one run gave.
  struct Sample {
    let tokensPerSecond: Double
    let counts: OperationCounts
    let bytesPerToken: Double
    /// Bytes that a thread read from memory in a second right before.
    let bandwidth: Double?

    /// What was read in a second, over what could be read.
    var bandwidthFraction: Double? { bandwidth.map { bytesPerToken * tokensPerSecond / $0 } }
  }

  init(_ session: Session, sparsity: Double?, threads: Int) {
    self.session = session
    self.sparsity = sparsity
    self.threads = threads
    touched = TouchedBytes(session.model)
  }

  /// Takes tokens from a fresh state on, in one piece or one by one.
  func run(_ tokens: [UInt32], inOnePiece: Bool, bandwidth: Double?) throws -> Sample {
    session.reset()
    session.resetCounts()
    let start = ContinuousClock.now
    if inOnePiece {
      try session.prefill(tokens)
    } else {
      for token in tokens {
        try Interruption.check()
        try session.step(token)
      }
    }
    let seconds = (ContinuousClock.now - start).seconds
    return Sample(
      tokensPerSecond: Double(tokens.count) / seconds, counts: session.counts,
      bytesPerToken: touched.perToken(eventCounts: session.eventCounts, tokens: tokens.count), bandwidth: bandwidth)
  }
}

/// The samples of one test under one setting.
struct BenchSeries {
  private(set) var samples: [BenchSession.Sample] = []

  mutating func add(_ sample: BenchSession.Sample) { samples.append(sample) }

  var mean: Double { samples.reduce(0) { $0 + $1.tokensPerSecond } / Double(max(samples.count, 1)) }

  /// The medians of what was measured before each sample, and of its fraction of that.
  var bandwidth: Double? { BenchSeries.median(samples.compactMap { $0.bandwidth }) }
  var bandwidthFraction: Double? { BenchSeries.median(samples.compactMap { $0.bandwidthFraction }) }

  private static func median(_ numbers: [Double]) -> Double? {
    let sorted = numbers.sorted()
    guard let last = sorted.indices.last else { return nil }
    return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
  }

  /// The standard deviation, 0 of a single sample.
  var deviation: Double {
    guard samples.count > 1 else { return 0 }
    let squares = samples.reduce(0) { $0 + ($1.tokensPerSecond - mean) * ($1.tokensPerSecond - mean) }
    return (squares / Double(samples.count - 1)).squareRoot()
  }
}
