/// Turns a window of tokens, all positions of which are computed at once, into one step that keeps keys and values.
///
/// What the graph does with one position it must do with all, so every element is mapped to the step's element and the
/// position that it belongs to: the same computation at another position becomes the same element. An attention in which
/// each position sees itself and all before it then is an attention over a cache.
struct WindowFold {
  /// An element of the step, at a position; none for what is the same at all.
  private struct Place {
    var position: Int?
    var element: Element
  }

  private let window: Trace
  private let past: Int
  private let nodes: [ONNXNode]
  private var step = Trace()
  /// For every value of the window, what its elements are.
  private var places: [[Place]] = []
  private var found = 0

  /// The step that computes the logits of the last position.
  static func apply(_ flow: Flow, past: Int, nodes: [ONNXNode]) throws(ImportFailure) -> (flow: Flow, found: Int) {
    var fold = WindowFold(window: flow.trace, past: past, nodes: nodes)
    for number in flow.trace.values.indices { fold.places.append(fold.place(number)) }
    let logits = flow.logits.map { fold.place($0) }
    guard logits.allSatisfy({ $0.position == nil || $0.position == past }) else {
      throw .unsupported("The last logits are not those of the last token; export logits in the order of the tokens.")
    }
    let feeds = flow.feeds { SiteInput(elements: $0.elements.map { fold.place($0).element }) }
    return (Flow(trace: fold.step, logits: logits.map { $0.element }, states: [], feeds: feeds), fold.found)
  }

  private init(window: Trace, past: Int, nodes: [ONNXNode]) {
    self.window = window
    self.past = past
    self.nodes = nodes
  }

  // MARK: Values

  private mutating func place(_ number: Int) -> [Place] {
    let value = window.values[number]
    switch value.source {
    case .token:
      let token = step.make(.token, count: 1, node: value.node)[0]
      return (0..<value.count).map { Place(position: $0, element: token) }
    case .windowRow(let table, let source, let add, let position):
      return make(.row(table: table, source, add: add), value, at: position)
    case .position(let position): return make(.position(inWindow: nil), value, at: position ?? past)
    case .row: return make(value.source, value, at: past)
    case .constant, .state, .attention, .opaque: return make(value.source, value, at: nil)
    case .unary(let function, let source):
      return elementwise(value, [source]) { .unary(function, $0[0]) }
    case .binary(let function, let left, let right):
      return elementwise(value, [left, right]) { .binary(function, $0[0], $0[1]) }
    case .choice(let condition, let left, let right):
      return elementwise(value, [condition, left, right]) { .choice($0[0], $0[1], $0[2]) }
    case .reduce(let function, let source, let group):
      return grouped(value, source, group) { .reduce(function, $0, group: group) } ?? mixed(value)
    case .mean(let source, let group):
      return grouped(value, source, group) { .mean($0, group: group) } ?? mixed(value)
    case .normalize(let kind, let source, let gain, let bias, let epsilon):
      return whole(value, [source] + [gain, bias].compactMap { $0 }) { operands in
        let parameters = Array(operands[1...])
        return .normalize(
          kind, operands[0], gain: gain == nil ? nil : parameters.first, bias: bias == nil ? nil : parameters.last, epsilon: epsilon)
      }
    case .linear(let matrix, let input, let bias):
      return whole(value, [input] + [bias].compactMap { $0 }) {
        .linear(matrix: matrix, input: $0[0], bias: bias == nil ? nil : $0[1])
      }
    case .product(let product):
      return attention(product, value)
        ?? refused(value, "is no attention in which every position sees itself and all before it, and is computed like the others")
    case .softmax(let source, let group):
      return grouped(value, source, group) { .softmax($0, group: group) }
        ?? refused(value, "is no part of an attention in which every position sees itself and all before it")
    }
  }

  private func place(_ element: Element) -> Place { places[Int(element.value)][Int(element.index)] }

  private mutating func make(_ source: Trace.Source, _ value: Trace.Value, at position: Int?) -> [Place] {
    step.make(source, count: value.count, node: value.node).map { Place(position: position, element: $0) }
  }

  /// A value that no step can compute. It is an error only if the logits need it.
  private mutating func refused(_ value: Trace.Value, _ what: String) -> [Place] {
    let title = nodes.indices.contains(value.node) ? nodes[value.node].title : "An input"
    let reason = "\(title) \(what); export a causal decoder, or one decoding step with past keys and values."
    return make(.opaque(node: value.node, reason: reason), value, at: nil)
  }

  /// One operation over each position's elements.
  private mutating func elementwise(
    _ value: Trace.Value, _ operands: [[Element]], _ source: ([[Element]]) -> Trace.Source
  ) -> [Place] {
    var members: [Int?: [Int]] = [:]
    for index in 0..<value.count {
      guard let position = common(operands.map { place($0[index]) }) else { return mixed(value) }
      members[position, default: []].append(index)
    }
    var result = [Place?](repeating: nil, count: value.count)
    for (position, indices) in members.sorted(by: { $0.value[0] < $1.value[0] }) {
      let mapped = operands.map { operand in indices.map { place(operand[$0]).element } }
      let elements = step.make(source(mapped), count: indices.count, node: value.node)
      for (index, element) in zip(indices, elements) { result[index] = Place(position: position, element: element) }
    }
    return result.compactMap { $0 }
  }

  /// An operation over vectors of one position.
  private mutating func whole(
    _ value: Trace.Value, _ operands: [[Element]], _ source: ([[Element]]) -> Trace.Source
  ) -> [Place] {
    let mapped = operands.map { $0.map { place($0) } }
    guard let position = common(mapped.flatMap { $0 }) else { return mixed(value) }
    return make(source(mapped.map { $0.map { $0.element } }), value, at: position)
  }

  /// One operation over the groups of each position; nil where a group takes several positions together.
  ///
  /// The result has one element for each group, or one for each element.
  private mutating func grouped(
    _ value: Trace.Value, _ source: [Element], _ group: Int, _ make: ([Element]) -> Trace.Source
  ) -> [Place]? {
    guard group > 0, !source.isEmpty else { return [] }
    let mapped = source.map { place($0) }
    let size = value.count / (source.count / group)
    var members: [Int?: [Int]] = [:]
    for number in 0..<(source.count / group) {
      guard let position = common(Array(mapped[(number * group)..<((number + 1) * group)])) else { return nil }
      members[position, default: []].append(number)
    }
    var result = [Place?](repeating: nil, count: value.count)
    for (position, numbers) in members.sorted(by: { $0.value[0] < $1.value[0] }) {
      let taken = numbers.flatMap { mapped[($0 * group)..<(($0 + 1) * group)].map { $0.element } }
      let elements = step.make(make(taken), count: numbers.count * size, node: value.node)
      for (index, element) in elements.enumerated() {
        result[numbers[index / size] * size + index % size] = Place(position: position, element: element)
      }
    }
    return result.compactMap { $0 }
  }

  private mutating func mixed(_ value: Trace.Value) -> [Place] {
    refused(value, "takes several positions together, which is supported in attention alone")
  }

  /// The position that all are at, which is none where all are the same at every position; nil where they differ.
  private func common(_ places: [Place]) -> Int?? {
    var position: Int?
    for place in places {
      guard let other = place.position else { continue }
      guard position == nil || position == other else { return nil }
      position = other
    }
    return .some(position)
  }

  // MARK: Attention

  /// The attentions of all positions, which are one attention of the step.
  private mutating func attention(_ product: Trace.Product, _ value: Trace.Value) -> [Place]? {
    guard let rows = window.attentionRows(product) else { return nil }
    var positions: [Int: (heads: [AttentionHead], places: [Int])] = [:]
    for row in rows {
      let query = row.query.map { place($0) }
      guard case let position?? = common(query), row.visible == position + 1 else { return nil }
      let keys = row.keys.compactMap { stored($0) }
      let values = row.values.compactMap { stored($0) }
      guard keys.count == row.keys.count, values.count == row.values.count else { return nil }
      positions[position, default: ([], [])].heads.append(
        AttentionHead(query: query.map { $0.element }, key: keys, value: values, scale: row.scale))
      positions[position]?.places += row.places
    }
    var result = [Place?](repeating: nil, count: value.count)
    for (position, (heads, places)) in positions.sorted(by: { $0.key < $1.key }) {
      guard let attention = Trace.attention(heads, number: found) else { return nil }
      let elements = step.make(.attention(attention), count: places.count, node: value.node)
      for (index, element) in zip(places, elements) { result[index] = Place(position: position, element: element) }
    }
    found += 1
    return result.compactMap { $0 }
  }

  /// The step's element that a list runs through, one for each position from the first on.
  private func stored(_ elements: [Element]) -> Element? {
    let places = elements.map { place($0) }
    guard let last = places.last,
      places.enumerated().allSatisfy({ $0.element.position == $0.offset && $0.element.element == last.element })
    else { return nil }
    return last.element
  }
}
