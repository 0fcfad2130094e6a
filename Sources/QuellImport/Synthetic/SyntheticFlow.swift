import Quell

/// Puts a decoder together from vectors, as an exporter's graph would come out of specialisation.
struct SyntheticFlow {
  private(set) var flow = Flow(trace: Trace(), logits: [], states: [])
  private var matrices = RandomMatrices()
  private var attentions = 0

  // MARK: Vectors

  /// The row of a table of random numbers that the token or the position chooses.
  mutating func row(_ name: String, rows: Int, width: Int, by source: RowSource) -> [Element] {
    make(.row(table: matrices.next(name, rows: rows, columns: width), source, add: 0), width)
  }

  /// Known numbers, between two bounds from the first to the last channel.
  mutating func parameter(_ name: String, _ count: Int, from first: Double, to last: Double) -> [Element] {
    let values = (0..<count).map { first + (last - first) * Double($0) / Double(max(count - 1, 1)) }
    return make(.constant(Weight(values, shape: [count], type: .float32, name: name)), count)
  }

  /// A vector that is kept from token to token.
  mutating func state(_ name: String, _ count: Int) -> [Element] {
    let input = Interface.Input(name: name, type: .float32, role: .state(flow.states.count), axes: [.fixed(count)])
    let value = flow.trace.add(.state(flow.states.count), count: count, node: -1)
    flow.states.append(Flow.State(input: input, value: value, shape: [count], next: []))
    return flow.trace.elements(of: value)
  }

  /// What the state that was asked for as the `number`-th holds after the step.
  mutating func setState(_ number: Int, _ next: [Element]) { flow.states[number].next = next }

  /// The vector of which the vocabulary head makes the logits.
  mutating func finish(_ hidden: [Element], vocabulary: Int) {
    finish(logits: linear("head.weight", hidden, outputs: vocabulary))
  }

  mutating func finish(logits: [Element]) { flow.logits = logits }

  // MARK: Operations

  mutating func linear(
    _ name: String, _ input: [Element], outputs: Int, bias: [Element]? = nil, isTernary: Bool = false
  ) -> [Element] {
    let matrix = matrices.next(name, rows: input.count, columns: outputs, isTernary: isTernary)
    return make(.linear(matrix: matrix, input: input, bias: bias), outputs)
  }

  /// Normalisation by the root mean square.
  mutating func normalizeScale(_ name: String, _ source: [Element]) -> [Element] {
    let gain = parameter(name + ".weight", source.count, from: 0.9, to: 1.1)
    return make(.normalize(.rootMeanSquare, source, gain: gain, bias: nil, epsilon: 1e-6), source.count)
  }

  /// The greatest number of a vector.
  mutating func maximum(_ source: [Element]) -> [Element] { make(.reduce(.maximum, source, group: source.count), 1) }

  /// One known number, for as many elements.
  mutating func constant(_ number: Double, _ count: Int) -> [Element] {
    [Element](repeating: make(.constant(Weight([number], shape: [1], type: .float32)), 1)[0], count: count)
  }

  mutating func normalize(_ name: String, _ source: [Element]) -> [Element] {
    let gain = parameter(name + ".weight", source.count, from: 0.9, to: 1.1)
    let bias = parameter(name + ".bias", source.count, from: -0.1, to: 0.1)
    return make(.normalize(.layer, source, gain: gain, bias: bias, epsilon: 1e-5), source.count)
  }

  mutating func unary(_ function: UnaryFunction, _ source: [Element]) -> [Element] { make(.unary(function, source), source.count) }

  mutating func binary(_ function: BinaryFunction, _ left: [Element], _ right: [Element]) -> [Element] {
    make(.binary(function, left, right), left.count)
  }

  mutating func attention(_ query: [Element], _ key: [Element], _ value: [Element], heads: Int) -> [Element] {
    attentions += 1
    let scale = 1 / (Float(query.count) / Float(heads)).squareRoot()
    return make(
      .attention(
        Trace.Attention(query: query, key: key, value: value, heads: heads, cacheHeads: heads, scale: scale, number: attentions - 1)),
      query.count)
  }

  private mutating func make(_ source: Trace.Source, _ count: Int) -> [Element] { flow.trace.make(source, count: count, node: -1) }
}
