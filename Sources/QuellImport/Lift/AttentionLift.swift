/// Finds attention over caches that the graph is handed: products of softmaxed scores with all values so far, where the
/// scores are products of a query with all keys so far.
///
/// A product that is no attention is left alone; if it is needed, lowering says so.
struct AttentionLift {
  private var flow: Flow
  private let past: Int
  private var caches: [Int32: Cache] = [:]
  private var found = 0

  /// The flow with every attention lifted.
  static func apply(_ flow: Flow, past: Int) -> (flow: Flow, found: Int) {
    var lift = AttentionLift(flow, past: past)
    for number in lift.flow.trace.values.indices {
      guard case .product(let product) = lift.flow.trace.values[number].source,
        let attention = lift.attention(product)
      else { continue }
      lift.flow.trace.replace(number, by: .attention(attention))
      lift.found += 1
    }
    return (lift.flow, lift.found)
  }

  private init(_ flow: Flow, past: Int) {
    self.flow = flow
    self.past = past
    for state in flow.states {
      if let cache = Cache(state, past: past) { caches[Int32(state.value)] = cache }
    }
  }

  private func attention(_ product: Trace.Product) -> Trace.Attention? {
    guard product.inner == past + 1, let rows = flow.trace.attentionRows(product),
      rows.flatMap({ $0.places }).enumerated().allSatisfy({ $0.offset == $0.element })
    else { return nil }
    var heads: [AttentionHead] = []
    for row in rows {
      let keys = row.keys.compactMap { cached($0) }
      let values = row.values.compactMap { cached($0) }
      guard let scale = keys.first?.scale, keys.count == row.keys.count, values.count == row.values.count,
        keys.allSatisfy({ $0.scale == scale }), values.allSatisfy({ $0.scale == 1 })
      else { return nil }
      heads.append(
        AttentionHead(query: row.query, key: keys.map { $0.newest }, value: values.map { $0.newest }, scale: row.scale * scale))
    }
    return Trace.attention(heads, number: found)
  }

  /// What the step appends to a cache where a list of elements runs through one, one element for each position; and the
  /// factor between the two.
  private func cached(_ elements: [Element]) -> (newest: Element, scale: Double)? {
    guard elements.count == past + 1 else { return nil }
    let (first, scale, shift) = flow.trace.affine(elements[0])
    guard shift == 0, let cache = caches[first.value], case (0, let rest) = cache.split(Int(first.index))
    else { return nil }
    for (position, element) in elements.enumerated() {
      let (element, other, shift) = flow.trace.affine(element)
      if position < past {
        guard element.value == first.value, other == scale, shift == 0, cache.split(Int(element.index)) == (position, rest)
        else { return nil }
      } else {
        // What the step appends may end in a bias or a scale of its own, which it then shares with the cache.
        let newest = flow.trace.affine(cache.newest[rest])
        guard element == newest.element, other == scale * newest.scale, shift == scale * newest.shift else { return nil }
      }
    }
    return (cache.newest[rest], scale)
  }
}

/// A cache input, whose paired output must be itself with one position more.
private struct Cache {
  private let length: Int
  private let inner: Int
  /// What the step appends, without the axis of positions, row-major.
  private(set) var newest: [Element] = []

  init?(_ state: Flow.State, past: Int) {
    guard let axis = state.input.pastAxis else { return nil }
    length = past
    inner = Array(state.shape[(axis + 1)...]).product
    for (index, element) in state.next.enumerated() {
      let (position, rest) = (index / inner % (past + 1), index / inner / (past + 1) * inner + index % inner)
      if position == past {
        newest.append(element)
      } else {
        guard element.value == Int32(state.value), split(Int(element.index)) == (position, rest) else { return nil }
      }
    }
  }

  /// The position of an element, and its place among the numbers of a position.
  func split(_ index: Int) -> (position: Int, rest: Int) {
    (index / inner % length, index / inner / length * inner + index % inner)
  }
}
