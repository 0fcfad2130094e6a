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
  let state: UnsafeMutableBufferPointer<Float>
  let scratch: UnsafeMutableBufferPointer<Float>
  /// For each cache the keys of all positions, then the values of all positions.
  let caches: UnsafeMutableBufferPointer<Float>
  /// Where each cache begins.
  let cacheOffsets: UnsafeMutableBufferPointer<Int>
  /// One attention weight per position.
  let attentionWeights: UnsafeMutableBufferPointer<Float>
  var events: EventList
  /// The threshold of each site.
  let thresholds: UnsafeMutableBufferPointer<Float>
  /// Events of each site since the counters were last set to zero.
  let eventCounts: UnsafeMutableBufferPointer<UInt64>
  /// Tokens since then.
  var tokenCount: UInt64 = 0
  /// Room for sampling: one candidate per token of the vocabulary.
  let candidates: UnsafeMutableBufferPointer<Candidate>
  /// Where the magnitudes at the sites are collected, if anywhere.
  var statistics: ActivationStatistics?
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
    let inputs = model.pointee.longestInput
    // All are taken before any is looked at: an arena that counts gives none of them.
    let storage = arena.take(1, of: SessionStorage.self)
    let state = arena.take(model.pointee.stateSize, of: Float.self)
    let scratch = arena.take(model.pointee.scratchSize, of: Float.self)
    let caches = arena.take(cacheFloats, of: Float.self)
    let cacheOffsets = arena.take(model.pointee.caches.count, of: Int.self)
    let attentionWeights = arena.take(cached, of: Float.self)
    let indices = arena.take(inputs + EventList.padding, of: UInt32.self)
    let values = arena.take(inputs + EventList.padding, of: Float.self)
    let dense = arena.take(inputs, of: Float.self)
    let thresholds = arena.take(model.pointee.sites.count, of: Float.self)
    let eventCounts = arena.take(model.pointee.sites.count, of: UInt64.self)
    let candidates = arena.take(model.pointee.vocabularySize, of: Candidate.self)
    guard let storage, let state, let scratch, let caches, let cacheOffsets, let attentionWeights, let indices, let values, let dense,
      let thresholds, let eventCounts, let candidates
    else { return nil }
    scratch.initialize(repeating: 0)
    indices.initialize(repeating: 0)
    values.initialize(repeating: 0)
    dense.initialize(repeating: 0)
    eventCounts.initialize(repeating: 0)
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
    storage.initializeElement(
      at: 0,
      to: SessionStorage(
        model: model, kernels: kernels, capacity: capacity, state: state, scratch: scratch, caches: caches, cacheOffsets: cacheOffsets,
        attentionWeights: attentionWeights,
        events: EventList(indices: indices.baseAddress!, values: values.baseAddress!, dense: dense.baseAddress!),
        thresholds: thresholds, eventCounts: eventCounts, candidates: candidates))
    let session = storage.baseAddress!
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
