/// Finds attention: products of softmaxed scores with a cache of values, where the scores are products of a query with a
/// cache of keys.
///
/// It looks at where each element comes from, so the order of axes, the place of the scale and masks without effect make
/// no difference. A product that is no attention is left alone; if it is needed, lowering says so.
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

  // MARK: The form

  private func attention(_ product: Trace.Product) -> Trace.Attention? {
    guard product.inner == past + 1 else { return nil }
    var heads: [Head] = []
    for index in 0..<(product.batch * product.rows * product.columns) {
      let (left, right) = product.operands(of: index)
      guard let (row, column) = isSoftmax(left) ? (left, right) : isSoftmax(right) ? (right, left) : nil,
        let scores = scores(of: row), let value = cached(column), value.scale == 1
      else { return nil }
      if heads.last?.scores != scores { heads.append(Head(scores: scores)) }
      heads[heads.count - 1].values.append(value.place)
    }
    guard let width = heads.first?.values.count, heads.allSatisfy({ $0.values.count == width }) else { return nil }
    for index in heads.indices {
      guard let (query, keys, scale) = query(heads[index].scores), query.count == heads[0].query.count || index == 0 else { return nil }
      heads[index].query = query
      heads[index].keys = keys
      heads[index].scale = scale
    }
    guard heads.allSatisfy({ $0.scale == heads[0].scale }) else { return nil }

    var stored: [Head] = []
    var share: [Int] = []
    for head in heads {
      let place = stored.firstIndex { $0.keys == head.keys && $0.values == head.values }
      if place == nil { stored.append(head) }
      share.append(place ?? stored.count - 1)
    }
    guard share.indices.allSatisfy({ share[$0] == $0 * stored.count / heads.count }) else { return nil }
    return Trace.Attention(
      query: heads.flatMap { $0.query }, key: stored.flatMap { $0.keys.map(newest) },
      value: stored.flatMap { $0.values.map(newest) }, heads: heads.count, cacheHeads: stored.count,
      scale: Float(heads[0].scale), number: found)
  }

  /// One head: its scores, and where its keys and values live.
  private struct Head {
    var scores: [Element]
    var query: [Element] = []
    var keys: [CachePlace] = []
    var values: [CachePlace] = []
    var scale = 1.0
  }

  /// A number that a cache holds once per position.
  private struct CachePlace: Hashable {
    var cache: Int32
    var rest: Int
  }

  private func newest(_ place: CachePlace) -> Element {
    // The place was found through the cache, so it is there.
    caches[place.cache]!.newest[place.rest]
  }

  private func isSoftmax(_ elements: [Element]) -> Bool {
    if case .softmax = flow.trace.values[Int(elements[0].value)].source { true } else { false }
  }

  /// The scores of which a row of probabilities is the softmax.
  private func scores(of row: [Element]) -> [Element]? {
    let start = Int(row[0].index)
    guard case .softmax(let source, let group) = flow.trace.values[Int(row[0].value)].source, group == row.count, start % group == 0,
      row.enumerated().allSatisfy({ $0.element == Element(Int(row[0].value), start + $0.offset) })
    else { return nil }
    return Array(source[start..<(start + group)])
  }

  /// The query behind a row of scores, the places of the keys, and the factor between the two and the scores.
  private func query(_ scores: [Element]) -> (query: [Element], keys: [CachePlace], scale: Double)? {
    var query: [Element]?
    var columns: [[Element]] = []
    var form: (scale: Double, shift: Double)?
    for score in scores {
      guard let (element, scale, shift) = affine(score), form == nil || form! == (scale, shift),
        case .product(let product) = flow.trace.values[Int(element.value)].source
      else { return nil }
      form = (scale, shift)
      let (left, right) = product.operands(of: Int(element.index))
      // The side that comes from a cache holds the keys; position 0 is in the past, so it shows which.
      let keysAreRight = query == nil ? isCached(right[0]) : query! == left
      let (other, keys) = keysAreRight ? (left, right) : (right, left)
      guard query == nil || query! == other else { return nil }
      query = other
      columns.append(keys)
    }
    guard let query, let form else { return nil }
    var places: [CachePlace] = []
    var keyScale: Double?
    for feature in query.indices {
      guard let (place, scale) = cached(columns.map { $0[feature] }), keyScale == nil || keyScale == scale else { return nil }
      keyScale = scale
      places.append(place)
    }
    return (query, places, form.scale * (keyScale ?? 1))
  }

  // MARK: Elements

  /// An element as scale times another plus shift, through multiplications and masks by known numbers.
  private func affine(_ element: Element) -> (Element, scale: Double, shift: Double)? {
    var element = element
    var (scale, shift) = (1.0, 0.0)
    while case .binary(let function, let left, let right) = flow.trace.values[Int(element.value)].source {
      let (a, b) = (left[Int(element.index)], right[Int(element.index)])
      let (x, y) = (flow.trace.known(a), flow.trace.known(b))
      switch (function, x, y) {
      case (.multiply, _, let y?): (element, scale) = (a, scale * y)
      case (.multiply, let x?, _): (element, scale) = (b, scale * x)
      case (.divide, _, let y?): (element, scale) = (a, scale / y)
      case (.add, _, let y?): (element, shift) = (a, shift + scale * y)
      case (.add, let x?, _): (element, shift) = (b, shift + scale * x)
      case (.subtract, _, let y?): (element, shift) = (a, shift - scale * y)
      // The least finite number as a floor keeps every score that is one.
      case (.maximum, _, let y?) where y <= -1e30: element = a
      case (.maximum, let x?, _) where x <= -1e30: element = b
      default: return nil
      }
    }
    return (element, scale, shift)
  }

  private func isCached(_ element: Element) -> Bool {
    guard let (element, _, _) = affine(element) else { return false }
    return caches[element.value] != nil
  }

  /// The place of a cache that a list of elements runs through, one element for each position, the newest last.
  private func cached(_ elements: [Element]) -> (place: CachePlace, scale: Double)? {
    guard elements.count == past + 1, let (first, scale, shift) = affine(elements[0]), shift == 0, let cache = caches[first.value],
      case (0, let rest) = cache.split(Int(first.index))
    else { return nil }
    for (position, element) in elements.enumerated() {
      guard let (element, other, shift) = affine(element) else { return nil }
      if position < past {
        guard element.value == first.value, other == scale, shift == 0, cache.split(Int(element.index)) == (position, rest)
        else { return nil }
      } else {
        // What the step appends may end in a bias or a scale of its own, which it then shares with the cache.
        guard let newest = affine(cache.newest[rest]), element == newest.0, other == scale * newest.scale,
          shift == scale * newest.shift
        else { return nil }
      }
    }
    return (CachePlace(cache: first.value, rest: rest), scale)
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

extension Trace.Product {
  /// The two vectors whose dot product an element is.
  fileprivate func operands(of index: Int) -> ([Element], [Element]) {
    let (column, row, matrix) = (index % columns, index / columns % rows, index / columns / rows)
    let start = (matrix * rows + row) * inner
    return (Array(left[start..<(start + inner)]), (0..<inner).map { right[(matrix * inner + $0) * columns + column] })
  }
}
