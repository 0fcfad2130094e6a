import Quell

/// The training-free search of Knunyants et al., "Explore Activation Sparsity in Recurrent LLMs for Energy-Efficient Neuromorphic
/// Computing" (arXiv 2501.16337): one site after the other gets the lowest density that the loss allows, with those before it
/// already sparse.
///
/// The threshold of a density p is the mean over all tokens of the (1 - p) quantile of a token's magnitudes. A density passes where the
/// loss is less than ``SearchRecord/lossIncrease`` times the loss before. The search of a site begins at the density that sites of its
/// kind got most often: where it passes, lower ones are tried until one fails; where it fails, higher ones until one passes. Where
/// none passes the site gets the highest. The loss of what was chosen is what the next site is compared with.
public struct SequentialSearch {
  /// The fractions of its inputs that a site may be left with.
  public static let densities = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]

  /// How far a search is.
  public struct Progress {
    /// The site that is searched.
    public let site: String
    /// The density that is tried next.
    public let density: Double
    /// The loss with the sites that are done.
    public let loss: Double
    /// How many losses have been measured.
    public let evaluations: Int
    /// The estimated fraction of the work that is done.
    public let fraction: Double
  }

  private let evaluation: LayerwiseEvaluation
  private let order: [Int]
  private let mostEvaluations: Int
  /// What has been found.
  public private(set) var record: SearchRecord

  /// - Parameters:
  ///   - evaluation: At the front of the program, with all thresholds at 0.
  ///   - mostEvaluations: After so many losses the sites that are left stay dense.
  public init(_ evaluation: LayerwiseEvaluation, lossIncrease: Double, mostEvaluations: Int = .max) {
    self.evaluation = evaluation
    self.mostEvaluations = mostEvaluations
    order = PaperOrder.sites(of: evaluation.model)
    record = SearchRecord(
      model: evaluation.model.fingerprint, text: CalibrationWindows.fingerprint(evaluation.windows), lossIncrease: lossIncrease)
  }

  /// Goes on from an earlier record. Returns whether that is one of the same search.
  public mutating func resume(_ earlier: SearchRecord) -> Bool {
    guard earlier.model == record.model, earlier.text == record.text, earlier.lossIncrease == record.lossIncrease,
      earlier.choices.count <= order.count, earlier.trials.count <= SequentialSearch.densities.count,
      (0...1 + order.count * SequentialSearch.densities.count).contains(earlier.evaluations),
      zip(earlier.choices, order).allSatisfy({ $0.site == evaluation.model.sites[$1].name && $0.theta >= 0 && $0.theta.isFinite })
    else { return false }
    record = earlier
    return true
  }

  /// Searches to the end, after which the evaluation has all thresholds settled. Where it throws, the record has what was found.
  ///
  /// - Parameter progress: Called before each loss is measured.
  /// - Parameter settled: Called when a site is done.
  public mutating func run(progress: (Progress) -> Void, settled: (SearchRecord) throws -> Void) throws {
    for (choice, site) in zip(record.choices, order) { evaluation.setThreshold(choice.theta, site: site) }
    if record.denseLoss == nil {
      progress(makeProgress(order.first ?? 0, density: 1, loss: 0))
      record.denseLoss = try evaluation.loss()
      record.evaluations += 1
    }
    while record.choices.count < order.count {
      let site = order[record.choices.count]
      let choice = try search(site, progress)
      evaluation.setThreshold(choice.theta, site: site)
      record.choices.append(choice)
      record.trials = []
      try settled(record)
    }
    try evaluation.finish()
  }

  // MARK: One site

  private mutating func search(_ site: Int, _ progress: (Progress) -> Void) throws -> SearchRecord.Choice {
    let (densities, name) = (SequentialSearch.densities, evaluation.model.sites[site].name)
    let base = record.choices.last?.loss ?? record.denseLoss!
    let dense = SearchRecord.Choice(site: name, density: 1, theta: 0, loss: base)
    guard record.evaluations < mostEvaluations || !record.trials.isEmpty else { return dense }
    try evaluation.advance(beforeFirstOf: order[record.choices.count...])
    let thetas = try thresholds(of: site)
    var tried = 0

    /// The loss at a density, nil where no more are to be measured.
    func loss(_ index: Int) throws -> Double? {
      defer { tried += 1 }
      if tried < record.trials.count, record.trials[tried].density == densities[index] { return record.trials[tried].loss }
      guard record.evaluations < mostEvaluations else { return nil }
      progress(makeProgress(site, density: densities[index], loss: base))
      evaluation.setThreshold(thetas[index], site: site)
      // A threshold of 0 leaves out nothing.
      let loss = thetas[index] == 0 ? base : try evaluation.loss()
      record.evaluations += 1
      record.trials.append(SearchRecord.Trial(density: densities[index], loss: loss))
      return loss
    }
    func choice(_ index: Int, _ loss: Double) -> SearchRecord.Choice {
      SearchRecord.Choice(site: name, density: densities[index], theta: thetas[index], loss: loss)
    }
    func passes(_ loss: Double) -> Bool { loss / base < record.lossIncrease }

    var index = mostFrequentDensity(of: evaluation.model.sites[site].kind)
    guard var best = try loss(index) else { return dense }
    if passes(best) {
      while index + 1 < densities.count, let next = try loss(index + 1), passes(next) { (index, best) = (index + 1, next) }
      return choice(index, best)
    }
    while index > 0 {
      guard let next = try loss(index - 1) else { return dense }
      (index, best) = (index - 1, next)
      if passes(best) { break }
    }
    return choice(index, best)
  }

  /// The threshold of each density: the mean over all tokens of a quantile of the token's magnitudes.
  private func thresholds(of site: Int) throws -> [Float] {
    let quantiles = TokenQuantiles(SequentialSearch.densities.map { 1 - $0 })
    let windows = try evaluation.gather(inputsOf: site, initial: quantiles) { quantiles, input in quantiles.add(input) }
    return SequentialSearch.densities.indices.map { index in
      Float(windows.reduce(0) { $0 + $1.sums[index] } / Double(evaluation.tokenCount))
    }
  }

  /// The place of the density that sites of a kind got most often so far, the one that came first where several did; the highest
  /// density where there was none.
  private func mostFrequentDensity(of kind: String) -> Int {
    var counts: [(density: Double, count: Int)] = []
    for (choice, site) in zip(record.choices, order) where evaluation.model.sites[site].kind == kind {
      if let index = counts.firstIndex(where: { $0.density == choice.density }) {
        counts[index].count += 1
      } else {
        counts.append((choice.density, 1))
      }
    }
    let most = counts.map(\.count).max()
    let density = counts.first { $0.count == most }?.density
    return SequentialSearch.densities.firstIndex { $0 == density } ?? 0
  }

  // MARK: Progress

  private func makeProgress(_ site: Int, density: Double, loss: Double) -> Progress {
    let done = record.choices.count
    let work = order.map { evaluation.work(from: $0) }
    // Sites that are not done are expected to take as many tries as the others did on average.
    let triesPerSite = done > 0 ? max(Double(record.evaluations - 1 - record.trials.count) / Double(done), 1) : 3
    let spent = 1 + triesPerSite * work.prefix(done).reduce(0, +) + Double(record.trials.count) * (work.dropFirst(done).first ?? 0)
    let total = 1 + triesPerSite * work.reduce(0, +)
    return Progress(
      site: evaluation.model.sites[site].name, density: density, loss: loss, evaluations: record.evaluations,
      fraction: record.denseLoss == nil ? 0 : min(spent / total, 1))
  }
}
