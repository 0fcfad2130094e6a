import Quell

/// What a run cost: counted operations, and what a neuromorphic processor is estimated to pay for them.
struct Price {
  static let deviceName = "SENECA"

  let counts: OperationCounts
  let estimate: CostEstimate

  init(_ counts: OperationCounts) {
    self.counts = counts
    estimate = CostEstimate(counts, on: .seneca)
  }

  /// Multiply-accumulates for each token.
  var effectiveMACs: Double { perToken(counts.effectiveMACs) }
  var denseMACs: Double { perToken(counts.denseMACs) }
  var headEffectiveMACs: Double { perToken(counts.headEffectiveMACs) }
  var headDenseMACs: Double { perToken(counts.headDenseMACs) }

  private func perToken(_ count: UInt64) -> Double { Double(count) / Double(max(counts.tokens, 1)) }

  /// One line for people.
  var line: String {
    let macs = "\(Figures.count(effectiveMACs)) of \(Figures.count(denseMACs)) MACs per token"
    let head = "head \(Figures.count(headEffectiveMACs)) of \(Figures.count(headDenseMACs))"
    let energy = "\(Figures.short(estimate.energy)) uJ (dense \(Figures.short(estimate.denseEnergy)))"
    let latency = "\(Figures.short(estimate.latency)) ms (dense \(Figures.short(estimate.denseLatency)))"
    return "activation sparsity \(Percentage(counts.activationSparsity)): \(macs), \(head); "
      + "\(Price.deviceName): \(energy), \(latency) per token (modelled, not measured)"
  }
}
