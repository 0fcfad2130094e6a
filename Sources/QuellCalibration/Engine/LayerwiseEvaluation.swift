import Quell

/// Evaluates a model on the windows of a calibration text from the middle of its program on.
///
/// What passes a cut of the program is kept for all tokens. The thresholds of the sites before the cut are settled; those after it can
/// be tried without running again what comes before. Windows begin with nothing remembered, so that they can be worked on by
/// different threads; within one, several tokens go through a matrix together. None of this changes a bit of any result: a loss is that
/// of a session that takes the tokens one by one.
///
/// Belongs to one thread at a time. After a failure, or after the work was stopped, it is of no more use.
public final class LayerwiseEvaluation {
  /// How many tokens of a window are worked on together.
  private static let batch = 64

  /// The model.
  public let model: Model
  /// Tokens to take; each but the first is also to be predicted from those before it.
  public let windows: [ArraySlice<UInt32>]
  /// The threshold of each site, for whatever runs next.
  public private(set) var thresholds: [Float]
  /// How many times the losses of all tokens have been measured.
  public private(set) var evaluations = 0
  /// Events of each site before the cut, over all tokens.
  private var settledEvents: [UInt64]

  private let cuts: ProgramCuts
  private let workers: EvaluationWorkers
  private var live: LiveActivations

  /// Begins at the front of the program with all thresholds at 0.
  ///
  /// - Parameters:
  ///   - windows: Each has at least two tokens, and at most one more than the model's context.
  ///   - threads: How many windows are worked on at a time; each takes the memory of a session.
  ///   - isStopped: Asked between windows; where it says true, the work ends with ``CalibrationStop``.
  public init(
    _ model: Model, _ windows: [ArraySlice<UInt32>], threads: Int, isStopped: @escaping () -> Bool = { false }
  ) throws {
    self.model = model
    self.windows = windows
    thresholds = Array(repeating: 0, count: model.sites.count)
    settledEvents = Array(repeating: 0, count: model.sites.count)
    cuts = ProgramCuts(model)
    let longest = windows.map { $0.count - 1 }.max() ?? 1
    let sessions = try (0..<max(min(threads, windows.count), 1)).map { _ in
      try Session(model, contextLength: max(longest, 1), batch: LayerwiseEvaluation.batch)
    }
    workers = EvaluationWorkers(sessions, isStopped: isStopped)
    live = LiveActivations(at: 0, [], windows: windows.count)
  }

  /// How many tokens the model takes, each of which predicts the next one.
  public var tokenCount: Int { windows.reduce(0) { $0 + $1.count - 1 } }

  /// Sets a threshold for what runs next. Where the site lies before the cut, that changes nothing any more.
  public func setThreshold(_ threshold: Float, site: Int) { thresholds[site] = threshold }

  /// The fraction of the program's multiply-accumulates that is done from a site on: what a loss costs with the cut before the site.
  public func work(from site: Int) -> Double {
    let cut = cuts.cut(before: site)
    var (all, after) = (0.0, 0.0)
    for (number, site) in model.sites.enumerated() {
      all += site.macs
      if cuts.end(of: number) > cut { after += site.macs }
    }
    return after / all
  }

  // MARK: Measuring

  /// The mean of -ln p over all tokens, in nats. Runs what comes after the cut.
  public func loss() throws -> Double {
    evaluations += 1
    return try losses().reduce(0, +) / Double(tokenCount)
  }

  /// The sum of -ln p over the tokens of each window.
  public func losses() throws -> [Double] {
    let windows = windows
    return try measureLogits { window, token, logits in
      LogitMeasures.surprise(at: windows[window][windows[window].startIndex + token + 1], logits)
    }
  }

  /// For each window the sum of what a function makes of the logits after each token.
  func measureLogits(
    _ measure: @escaping (_ window: Int, _ token: Int, _ logits: UnsafeBufferPointer<Float>) -> Double
  ) throws -> [Double] {
    precondition(live.cut < cuts.units.count)
    var sums = [Double](repeating: 0, count: windows.count)
    let units = cuts.units[live.cut...]
    try sums.withUnsafeMutableBufferPointer { buffer in
      let sums = buffer
      try forEachBatch(of: units) { session, window, first, count in
        for number in 0..<count { sums[window] += measure(window, first + number, session.logits(ofToken: number, among: count)) }
      }
    }
    guard sums.allSatisfy(\.isFinite) else { throw Failure.logitsAreNoNumbers }
    return sums
  }

  /// Shows the input of a site for every token, with the thresholds of the sites before it, and returns what has been gathered from
  /// each window, in order. The cut is to lie before the site.
  public func gather<Result>(
    inputsOf site: Int, initial: Result, _ add: @escaping (inout Result, UnsafeBufferPointer<Float>) -> Void
  ) throws -> [Result] {
    precondition(live.cut < cuts.end(of: site))
    var results = [Result](repeating: initial, count: windows.count)
    let units = cuts.units[live.cut..<cuts.end(of: site)]
    try results.withUnsafeMutableBufferPointer { buffer in
      let results = buffer
      try forEachBatch(
        of: units, visit: { window, visited, input in if visited == site { add(&results[window], input) } }, { _, _, _, _ in })
    }
    return results
  }

  /// The magnitudes of the input of a site, gathered so.
  public func histogram(ofInputsOf site: Int) throws -> MagnitudeHistogram {
    var histogram = MagnitudeHistogram()
    for window in try gather(inputsOf: site, initial: MagnitudeHistogram(), { $0.add($1) }) { histogram.add(window) }
    return histogram
  }

  // MARK: Moving the cut

  /// Moves the cut to before the first of the lists of events of some sites is made. The thresholds of all sites that come before it are
  /// settled then.
  public func advance(beforeFirstOf sites: some Sequence<Int>) throws {
    if let cut = sites.lazy.map({ self.cuts.cut(before: $0) }).min() { try advance(to: cut) }
  }

  /// Runs what is left, so that all thresholds are settled, and returns the loss. Nothing can be measured after it.
  @discardableResult
  public func finish() throws -> Double {
    workers.resetCounts()
    let loss = try loss()
    settle(LiveActivations(at: cuts.units.count, [], windows: windows.count))
    return loss
  }

  /// The fraction of each site's inputs that was quiet, 0 for those that are not settled.
  public var quietFractions: [Double] {
    model.sites.indices.map { site in
      cuts.end(of: site) <= live.cut ? 1 - Double(settledEvents[site]) / (Double(model.sites[site].inputs) * Double(tokenCount)) : 0
    }
  }

  private func advance(to cut: Int) throws {
    guard cut > live.cut else { return }
    let next = LiveActivations(at: cut, cuts.live(at: cut), windows: windows.count)
    workers.resetCounts()
    try forEachBatch(
      of: cuts.units[live.cut..<cut],
      begin: { window in next.reserve(window, tokens: self.windows[window].count - 1) },
      end: { window in self.live.release(window) }
    ) { session, window, first, count in
      for number in 0..<count { next.keep(first + number, of: window, from: session.scratch(ofToken: number, among: count)) }
    }
    settle(next)
  }

  /// Keeps what has just passed a cut, and counts the events on the way there.
  private func settle(_ next: LiveActivations) {
    for (site, events) in workers.eventCounts.enumerated() { settledEvents[site] += events }
    live = next
  }

  // MARK: Running

  /// Runs units over the tokens of all windows, a batch of tokens after the other within each.
  private func forEachBatch(
    of units: ArraySlice<ProgramUnit>, begin: (_ window: Int) -> Void = { _ in }, end: (_ window: Int) -> Void = { _ in },
    visit: ((_ window: Int, _ site: Int, _ input: UnsafeBufferPointer<Float>) -> Void)? = nil,
    _ body: (_ session: Session, _ window: Int, _ first: Int, _ count: Int) -> Void
  ) throws {
    try workers.perform(windows.indices, thresholds) { session, window in
      session.reset()
      begin(window)
      windows[window].dropLast().withUnsafeBufferPointer { tokens in
        for first in stride(from: 0, to: tokens.count, by: session.lanes) {
          let batch = UnsafeBufferPointer(rebasing: tokens[first..<min(first + session.lanes, tokens.count)])
          for number in batch.indices {
            live.restore(first + number, of: window, to: session.scratch(ofToken: number, among: batch.count))
          }
          session.run(units, batch, from: first, visit: visit.map { visit in { site, _, input in visit(window, site, input) } })
          body(session, window, first, batch.count)
        }
      }
      end(window)
    }
  }
}
