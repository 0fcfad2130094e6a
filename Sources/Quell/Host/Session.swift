#if !hasFeature(Embedded)
  import CQuell

  /// One run of a model: takes tokens, gives logits, remembers what came before. Belongs to one thread at a time.
  public final class Session {
    /// The model that runs.
    public let model: Model
    let storage: UnsafeMutablePointer<SessionStorage>
    private var statisticsMemory: UnsafeMutableBufferPointer<UInt32>?
    private var inputCountMemory: (counts: UnsafeMutableBufferPointer<UInt64>, starts: UnsafeMutableBufferPointer<Int>)?

    /// A fresh session with the model's own thresholds.
    ///
    /// - Parameters:
    ///   - model: The model that is to run.
    ///   - contextLength: The greatest number of positions; 0 is the model's limit.
    ///   - threads: How many threads work on a step, the caller's among them. The number changes no bit of any result.
    ///   - batch: How many tokens ``prefill(_:)`` takes at a time; each costs as much memory as a step needs.
    ///   - instructionSet: Which instructions the inner loops use.
    ///   - countsWork: Whether events are counted, and with them all work that follows from events.
    ///   - eventGroup: How many events the device takes together that the work is to be priced on.
    public init(
      _ model: Model, contextLength: Int = 0, threads: Int = 1, batch: Int = 1, instructionSet: InstructionSet = .automatic,
      countsWork: Bool = true, eventGroup: Int = 8
    ) throws(Failure) {
      self.model = model
      storage = try SessionStorage.open(
        model.storage,
        SessionOptions(
          contextLength: contextLength, instructionSet: instructionSet, threads: threads, batch: batch, countsWork: countsWork,
          eventGroup: eventGroup))
    }

    deinit {
      SessionStorage.close(storage)
      statisticsMemory?.deallocate()
      inputCountMemory?.counts.deallocate()
      inputCountMemory?.starts.deallocate()
    }

    /// Takes one token. A failure leaves the session as it was.
    public func step(_ token: UInt32) throws(Failure) { try storage.pointee.step(token) }

    /// Takes several tokens; the logits are those after the last. A failure leaves the session as it was.
    public func prefill(_ tokens: [UInt32]) throws(Failure) {
      var failure: Failure?
      tokens.withUnsafeBufferPointer { tokens in
        do throws(Failure) { try storage.pointee.prefill(tokens) } catch { failure = error }
      }
      if let failure { throw failure }
    }

    /// Takes several tokens and shows the logits after each of them, in order. A failure leaves the session as it was.
    public func visitLogits(
      _ tokens: some Collection<UInt32>, _ visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) throws(Failure) {
      var failure: Failure?
      Array(tokens).withUnsafeBufferPointer { tokens in
        do throws(Failure) { try storage.pointee.visitLogits(tokens, visit) } catch { failure = error }
      }
      if let failure { throw failure }
    }

    /// Takes several tokens, and tells of each how the model predicted the one of `targets`, as many, that is to come after it. A
    /// failure leaves the session as it was.
    public func score(_ tokens: some Collection<UInt32>, targets: some Collection<UInt32>) throws(Failure) -> [TokenScore] {
      precondition(tokens.count == targets.count)
      var scores = [quell_token_score](repeating: quell_token_score(), count: tokens.count)
      var failure: Failure?
      Array(tokens).withUnsafeBufferPointer { tokens in
        Array(targets).withUnsafeBufferPointer { targets in
          scores.withUnsafeMutableBufferPointer { scores in
            do throws(Failure) { try storage.pointee.score(tokens, targets: targets, into: scores) } catch { failure = error }
          }
        }
      }
      if let failure { throw failure }
      return scores.map { TokenScore(logProbability: $0.log_probability, greatest: $0.greatest) }
    }

    /// Operations that ``prefill(_:)`` runs token by token because they depend on the token before, by their places in the program;
    /// none where it takes one token at a time anyway.
    public var operationsTokenByToken: [Int] {
      let ends = storage.pointee.recurrence.ends
      return ends.indices.filter { ends[$0] > 0 }.flatMap { $0..<Int(ends[$0]) }
    }

    /// The logits of the last step, valid until the next one.
    public var logits: UnsafeBufferPointer<Float> { storage.pointee.logits }

    /// Tokens taken since the session was fresh or reset.
    public var position: Int { storage.pointee.position }

    /// The greatest number of positions.
    public var capacity: Int { storage.pointee.capacity }

    /// Forgets every token. Thresholds and counters stay.
    public func reset() { storage.pointee.reset() }

    /// Chooses the next token from the logits.
    public func sample(_ sampler: inout Sampler) throws(Failure) -> UInt32 {
      try sampler.choose(storage.pointee.logits, storage.pointee.candidates)
    }

    // MARK: Events

    /// The threshold of each site.
    public var thresholds: [Float] { Array(storage.pointee.thresholds) }

    /// Sets a site's threshold: inputs whose magnitude is not above it are quiet.
    public func setThreshold(_ threshold: Float, site: Int) throws(Failure) {
      try storage.pointee.setThreshold(threshold, site: site)
    }

    /// Events of each site since the counters were last set to zero.
    public var eventCounts: [UInt64] { Array(storage.pointee.eventCounts) }

    /// The counts of all sites together.
    public var counts: OperationCounts { storage.pointee.counts }

    /// What a site did since the counters were last set to zero, or would have done if every input had fired.
    public func activity(ofSite site: Int, dense: Bool = false) -> SiteActivity {
      storage.pointee.activity(ofSite: site, dense: dense)
    }

    /// What the program did since the counters were last set to zero.
    public var activity: ProgramActivity { storage.pointee.activity }

    /// Calls `body` with the work that each operation of the program did since the counters were last set to zero, or would have
    /// done if every input had fired.
    public func forEachWork(dense: Bool = false, _ body: (_ operation: Int, VectorWork) -> Void) {
      storage.pointee.forEachWork(dense: dense, body)
    }

    /// Counts the events of every input of every site from now on, beginning anew.
    public func countInputEvents() {
      let sites = model.sites
      let inputs = sites.reduce(0) { $0 + $1.inputs }
      let memory = inputCountMemory ?? (.allocate(capacity: inputs), .allocate(capacity: sites.count))
      memory.counts.initialize(repeating: 0)
      var start = 0
      for (index, site) in sites.enumerated() {
        memory.starts.initializeElement(at: index, to: start)
        start += site.inputs
      }
      inputCountMemory = memory
      if let counts = memory.counts.baseAddress, let starts = memory.starts.baseAddress {
        storage.pointee.inputCounts = (counts, UnsafePointer(starts))
      }
    }

    /// Events of each input of a site since ``countInputEvents()``; none where they are not counted.
    public func inputEvents(ofSite site: Int) -> [UInt64] {
      guard let memory = inputCountMemory else { return [] }
      let inputs = model.storage.pointee.sites[site].inputs
      return Array(memory.counts[memory.starts[site]..<memory.starts[site] + inputs])
    }

    /// Sets all counters to zero.
    public func resetCounts() { storage.pointee.resetCounts() }

    /// Collects magnitudes at every site from now on, beginning anew; they are valid as long as the session.
    public func collectStatistics() -> ActivationStatistics {
      let sites = storage.pointee.thresholds.count
      let count = ActivationStatistics.counterCount(sites: sites)
      let memory = statisticsMemory ?? UnsafeMutableBufferPointer<UInt32>.allocate(capacity: count)
      memory.update(repeating: 0)
      statisticsMemory = memory
      let statistics = ActivationStatistics(memory, sites: sites)
      storage.pointee.statistics = statistics
      return statistics
    }

    /// Sets the thresholds so that, on text like the one that statistics were collected on, the sites skip this fraction of their
    /// multiply-accumulates. Returns the quantile of magnitudes that all sites share; it is 0 where natural zeros are enough.
    ///
    /// The vocabulary head is left alone. Statistics are to be collected with all thresholds at 0.
    @discardableResult
    public func setThresholds(sparsity: Double) throws(Failure) -> Double { try storage.pointee.setThresholds(sparsity: sparsity) }

    /// What keeps the sparsity near a target, with the factor that it has come to; nil where nothing does.
    public var adaptation: Adaptation? { storage.pointee.adaptation }

    /// Begins to adapt the thresholds, or ends it with nil. Some threshold other than the head's is above 0.
    public func adapt(_ adaptation: Adaptation?) throws(Failure) { try storage.pointee.adapt(adaptation) }

    // MARK: State

    /// The state as bytes, for ``restore(_:)``.
    public func save() throws(Failure) -> [UInt8] {
      var failure: Failure?
      let bytes = [UInt8](unsafeUninitializedCapacity: storage.pointee.savedStateSize) { buffer, count in
        do throws(Failure) { count = try storage.pointee.saveState(into: UnsafeMutableRawBufferPointer(buffer)) } catch { failure = error }
      }
      if let failure { throw failure }
      return bytes
    }

    /// Goes on from a saved state. A failure leaves the session as it was.
    public func restore(_ state: [UInt8]) throws(Failure) {
      var failure: Failure?
      state.withUnsafeBytes { bytes in
        do throws(Failure) { try storage.pointee.restoreState(from: bytes) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  /// How a model predicted a token that was to come.
  public struct TokenScore: Equatable, Sendable {
    /// ln of the probability that it gave to the token; not a number where a logit is not.
    public let logProbability: Float
    /// The token that it thought likeliest, the first of equals.
    public let greatest: UInt32
  }
#endif
