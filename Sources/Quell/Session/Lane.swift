import CQuell

/// What a session keeps for one of the tokens that it works on at a time: scratch memory, and the last list of events.
struct Lane {
  let scratch: UnsafeMutablePointer<Float>
  var events: EventList
  /// Sums of the second half of the inputs of a linear operation that is split.
  let partial: UnsafeMutablePointer<Float>

  /// The lane as the loops in C take it: its events among some inputs, and where their sums go.
  func token(_ inputs: Range<Int>, result: UnsafeMutablePointer<Float>) -> quell_token {
    let some = events.range(of: inputs)
    return quell_token(
      indices: events.indices + some.lowerBound, values: events.values + some.lowerBound, events: some.count, dense: events.dense,
      result: result)
  }

  /// Lays out `count` lanes in the arena's memory; nil where the arena only counts.
  static func make(
    _ count: Int, scratch scratchSize: Int, inputs: Int, outputs: Int, in arena: inout Arena
  ) -> UnsafeMutableBufferPointer<Lane>? {
    let lanes = arena.take(count, of: Lane.self)
    for index in 0..<count {
      let scratch = arena.take(scratchSize, of: Float.self)
      let indices = arena.take(inputs + EventList.padding, of: UInt32.self)
      let values = arena.take(inputs + EventList.padding, of: Float.self)
      let dense = arena.take(inputs, of: Float.self)
      let partial = arena.take(outputs, of: Float.self)
      guard let lanes, let scratch, let indices, let values, let dense, let partial else { continue }
      scratch.initialize(repeating: 0)
      indices.initialize(repeating: 0)
      values.initialize(repeating: 0)
      partial.initialize(repeating: 0)
      let events = EventList(indices: indices.baseAddress!, values: values.baseAddress!, dense: dense.baseAddress!)
      lanes.initializeElement(at: index, to: Lane(scratch: scratch.baseAddress!, events: events, partial: partial.baseAddress!))
    }
    return lanes
  }
}
