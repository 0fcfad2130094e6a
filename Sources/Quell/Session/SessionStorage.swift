import CQuell

/// One run of a model: its state, its scratch memory, its thresholds and its counters, all in one block of memory.
///
/// Belongs to one thread at a time.
struct SessionStorage {
  let model: UnsafeMutablePointer<ModelStorage>
  /// The inner loops in C, nil where the portable ones run.
  let kernels: UnsafePointer<quell_kernels>?
  /// The greatest number of positions.
  let capacity: Int
  /// Tokens taken so far.
  var position = 0
  /// What the session's handle points to.
  let head: UnsafeMutablePointer<SessionHead>
  let state: UnsafeMutableBufferPointer<Float>
  /// The tokens that prefill works on at a time.
  let lanes: UnsafeMutableBufferPointer<Lane>
  /// Room for them as the loops in C take several.
  let tokens: UnsafeMutableBufferPointer<quell_token>
  /// The one of them that is worked on.
  var lane: UnsafeMutablePointer<Lane>
  /// Where in the program the stretches end that are run token by token, and how much of it leaves something for the next token.
  let recurrence: (ends: UnsafeMutableBufferPointer<UInt32>, used: Int)
  let threads: Int
  /// The threads that help; nil where there is but the caller's.
  var workers: OpaquePointer?
  /// For each cache the keys of all positions, then the values of all positions.
  let caches: UnsafeMutableBufferPointer<Float>
  /// Where each cache begins.
  let cacheOffsets: UnsafeMutableBufferPointer<Int>
  /// One attention weight per position.
  let attentionWeights: UnsafeMutableBufferPointer<Float>
  /// The threshold of each site.
  let thresholds: UnsafeMutableBufferPointer<Float>
  /// What keeps the sparsity near a target, if anything does.
  var adaptation: Adaptation?
  /// Events of each site since the counters were last set to zero.
  let eventCounts: UnsafeMutableBufferPointer<UInt64>
  /// Tokens that each site has seen since then: the head sees only the last one of those that prefill takes at a time.
  let visitCounts: UnsafeMutableBufferPointer<UInt64>
  /// Groups of events of each site since then, those of a vector that are left over being a group as well.
  let groupCounts: UnsafeMutableBufferPointer<UInt64>
  /// Events since then that came in vectors of which every event carried 1 or -1.
  let binaryCounts: UnsafeMutableBufferPointer<UInt64>
  /// Tokens since then.
  var tokenCount: UInt64 = 0
  /// Tokens since then for which logits were made.
  var logitsCount: UInt64 = 0
  /// The sum of the positions up to the token's own, over all tokens since then.
  var positionCount: UInt64 = 0
  /// Whether anything but tokens is counted.
  let countsWork: Bool
  /// How many events make a group.
  let eventGroup: Int
  /// Where the events of each input are counted, if anywhere: one counter for each input of each site, and where those of a site begin.
  var inputCounts: (counts: UnsafeMutablePointer<UInt64>, starts: UnsafePointer<Int>)?
  /// Room for sampling: one candidate per token of the vocabulary.
  let candidates: UnsafeMutableBufferPointer<Candidate>
  /// Where the magnitudes at the sites are collected, if anywhere.
  var statistics: ActivationStatistics?
  /// Their memory, where the session itself got it from the platform.
  var ownedStatistics: UnsafeMutableRawPointer?
  /// The block that the session itself got from the platform, to be given back.
  var ownedBlock: UnsafeMutableRawPointer?

  /// Lays a session out in the arena's memory; nil where the arena only counts.
  static func make(
    _ model: UnsafeMutablePointer<ModelStorage>, _ options: SessionOptions, in arena: inout Arena
  ) throws(Failure) -> UnsafeMutablePointer<SessionStorage>? {
    let capacity = try capacity(model, asked: options.contextLength)
    let kernels = try options.instructionSet.kernels()
    // Only a cache costs memory by the position.
    let cached = model.pointee.caches.count > 0 ? capacity : 0
    let (cacheFloats, tooMany) = cached.multipliedReportingOverflow(by: model.pointee.cacheWidth)
    guard !tooMany else { throw Failure(QUELL_OUT_OF_MEMORY, "the key/value caches are too large; ask for a shorter context") }
    // Tokens share what vector registers and caches hold; a board has neither, and is spared the code.
    let batch = ElementVector.areRegisters ? min(max(options.batch, 1), max(capacity, 1)) : 1
    let threads = max(options.threads, 1)
    guard threads <= Int(QUELL_MOST_THREADS), batch <= SessionOptions.largestBatch else {
      throw Failure(QUELL_INVALID_ARGUMENT, "a session has at most ").then(Int(QUELL_MOST_THREADS)).then(" threads and takes at most ")
        .then(SessionOptions.largestBatch).then(" tokens at a time")
    }
    guard options.eventGroup >= 1 else { throw Failure(QUELL_INVALID_ARGUMENT, "a group of events has at least 1") }
    // All are taken before any is looked at: an arena that counts gives none of them.
    let storage = arena.take(1, of: SessionStorage.self)
    let head = arena.take(1, of: SessionHead.self)
    let cancellation = arena.take(1, of: UInt32.self)
    let state = arena.take(model.pointee.stateSize, of: Float.self)
    let lanes = Lane.make(
      batch, scratch: model.pointee.scratchSize, inputs: model.pointee.longestInput, outputs: model.pointee.longestOutput, in: &arena)
    let tokens = arena.take(2 * batch, of: quell_token.self)
    let ends = arena.take(batch > 1 ? model.pointee.operations.count : 0, of: UInt32.self)
    let workers = arena.take(threads > 1 ? quell_workers_size(UInt32(threads)) : 0, of: UInt8.self)
    let caches = arena.take(cacheFloats, of: Float.self)
    let cacheOffsets = arena.take(model.pointee.caches.count, of: Int.self)
    let attentionWeights = arena.take(cached, of: Float.self)
    let thresholds = arena.take(model.pointee.sites.count, of: Float.self)
    let eventCounts = arena.take(model.pointee.sites.count, of: UInt64.self)
    let visitCounts = arena.take(model.pointee.sites.count, of: UInt64.self)
    let groupCounts = arena.take(model.pointee.sites.count, of: UInt64.self)
    let binaryCounts = arena.take(model.pointee.sites.count, of: UInt64.self)
    let candidates = arena.take(model.pointee.vocabularySize, of: Candidate.self)
    guard let storage, let head, let cancellation, let state, let lanes, let tokens, let ends, let workers, let caches,
      let cacheOffsets, let attentionWeights, let thresholds, let eventCounts, let visitCounts, let groupCounts, let binaryCounts,
      let candidates
    else { return nil }
    cancellation.initialize(repeating: 0)
    eventCounts.initialize(repeating: 0)
    visitCounts.initialize(repeating: 0)
    groupCounts.initialize(repeating: 0)
    binaryCounts.initialize(repeating: 0)
    tokens.initialize(repeating: quell_token())
    caches.initialize(repeating: 0)
    attentionWeights.initialize(repeating: 0)
    candidates.initialize(repeating: Candidate(token: 0, weight: 0))
    var offset = 0
    for index in 0..<cacheOffsets.count {
      cacheOffsets[index] = offset
      let cache = model.pointee.caches[index]
      offset += cached * (cache.keyWidth + cache.valueWidth)
    }
    for index in 0..<thresholds.count { thresholds[index] = model.pointee.sites[index].threshold }
    let recurrence = Recurrence(operations: model.pointee.operations, values: model.pointee.values)
    storage.initializeElement(
      at: 0,
      to: SessionStorage(
        model: model, kernels: kernels, capacity: capacity, head: head.baseAddress!, state: state, lanes: lanes,
        tokens: tokens, lane: lanes.baseAddress!, recurrence: (ends, batch > 1 ? recurrence.mark(ends) : 0), threads: threads,
        workers: threads > 1 ? try startWorkers(workers, threads) : nil, caches: caches, cacheOffsets: cacheOffsets,
        attentionWeights: attentionWeights, thresholds: thresholds, eventCounts: eventCounts, visitCounts: visitCounts,
        groupCounts: groupCounts, binaryCounts: binaryCounts, countsWork: options.countsWork, eventGroup: options.eventGroup,
        candidates: candidates))
    let session = storage.baseAddress!
    head.initializeElement(at: 0, to: SessionHead(session, cancellation: cancellation.baseAddress!))
    session.pointee.reset()
    return session
  }

  /// Forgets every token: the state is that of a fresh session. Thresholds and counters stay.
  mutating func reset() {
    position = 0
    state.update(repeating: 0)
    let fill = model.pointee.stateFill
    for run in 0..<fill.count / 3 {
      let first = Int(fill[3 * run])
      for index in first..<first + Int(fill[3 * run + 1]) { state[index] = Float(bitPattern: fill[3 * run + 2]) }
    }
  }

  private static func startWorkers(_ memory: UnsafeMutableBufferPointer<UInt8>, _ threads: Int) throws(Failure) -> OpaquePointer {
    var reason: Int32 = 0
    guard let workers = quell_workers_start(memory.baseAddress, UInt32(threads), &reason) else {
      let failure = Failure(QUELL_OUT_OF_MEMORY, "the system does not start ").then(threads).then(" threads: ")
      guard let words = quell_platform_reason(reason) else { throw failure }
      throw failure.then(UnsafeRawBufferPointer(start: words, count: ModelStorage.length(of: words)))
    }
    return workers
  }

  private static func capacity(_ model: UnsafeMutablePointer<ModelStorage>, asked: Int) throws(Failure) -> Int {
    let limit = model.pointee.contextLength
    guard asked >= 0 else { throw Failure(QUELL_INVALID_ARGUMENT, "a context length is negative") }
    if asked == 0 {
      if limit > 0 { return limit }
      guard model.pointee.caches.count == 0 else {
        throw Failure(QUELL_INVALID_ARGUMENT, "the model sets no limit to the context: ask for a context length")
      }
      return Int.max
    }
    guard limit == 0 || asked <= limit else {
      throw Failure(QUELL_INVALID_ARGUMENT, "a context of ").then(asked).then(" is longer than the model's ").then(limit)
    }
    return asked
  }
}
