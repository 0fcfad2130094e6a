import Quell

/// The arithmetic of one token at one past length: vectors in the order in which they are computed.
///
/// Everything that only moves numbers has been dissolved into the provenance of operands.
struct Trace {
  /// How one vector comes about. In a box of its own, so that to look at one is not to count the references of all that it holds.
  indirect enum Source: Hashable {
    /// The token, as handed in.
    case token
    /// What an input held before the step: recurrent state, or the past of a cache.
    case state(Int)
    /// Known numbers.
    case constant(Weight)
    /// A row of a table.
    case row(table: Weight, RowSource, add: Int)
    /// A row of a table that one of a window's tokens or positions chooses.
    case windowRow(table: Weight, RowSource, add: Int, position: Int)
    /// How many tokens came before this one, or before one of a window's.
    case position(inWindow: Int?)
    case unary(UnaryFunction, [Element])
    case binary(BinaryFunction, [Element], [Element])
    /// The second operand's element where the first one's is above 0, else the third one's.
    case choice([Element], [Element], [Element])
    case normalize(Normalization, [Element], gain: [Element]?, bias: [Element]?, epsilon: Float)
    /// One number for each `group` of elements.
    case reduce(Reduction, [Element], group: Int)
    case mean([Element], group: Int)
    case softmax([Element], group: Int)
    /// The matrix, of shape [inputs, outputs], times the input.
    case linear(matrix: Weight, input: [Element], bias: [Element]?)
    case attention(Attention)
    case product(Product)
    /// Something that no operation can compute. It is an error only if a result needs it.
    case opaque(node: Int, reason: String)
  }

  /// A product of two computed matrices: [batch, rows, inner] times [batch, inner, columns].
  struct Product: Hashable {
    var left: [Element]
    var right: [Element]
    var batch: Int
    var rows: Int
    var inner: Int
    var columns: Int
  }

  /// Softmax attention over a cache to which one position is appended.
  struct Attention: Hashable {
    /// [head][feature]
    var query: [Element]
    /// [cache head][feature]
    var key: [Element]
    /// [cache head][feature]
    var value: [Element]
    var heads: Int
    var cacheHeads: Int
    var scale: Float
    /// Which attention of the model it is, in order; keeps equal ones apart, since each owns its cache.
    var number: Int
  }

  /// One vector.
  struct Value {
    var source: Source
    var count: Int
    /// The node that made it, as an index into the specialiser's list.
    var node: Int
  }

  private(set) var values: [Value] = []
  private var numbers: [Known: Int] = [:]

  /// A source as a key, hashed once: the table is filled and grown by what the hash was.
  private struct Known: Hashable {
    let source: Source
    let fingerprint: Int

    init(_ source: Source) {
      self.source = source
      fingerprint = source.hashValue
    }

    func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
  }

  /// The vector of a source; the one that is there already, where there is one.
  mutating func add(_ source: Source, count: Int, node: Int) -> Int {
    let known = Known(source)
    if let number = numbers[known] { return number }
    let number = values.count
    values.append(Value(source: source, count: count, node: node))
    numbers[known] = number
    return number
  }

  /// All elements of the vector of a source.
  mutating func make(_ source: Source, count: Int, node: Int) -> [Element] {
    let number = add(source, count: count, node: node)
    return elements(of: number)
  }

  /// Puts another source in the place of a value.
  mutating func replace(_ number: Int, by source: Source) {
    values[number].source = source
  }

  /// All elements of a value, in order.
  func elements(of number: Int) -> [Element] {
    (0..<values[number].count).map { Element(number, $0) }
  }

  /// All elements of a constant.
  mutating func elements(of weight: Weight, node: Int) -> [Element] {
    make(.constant(weight), count: weight.count, node: node)
  }

  /// The known number that an element is, or nil where it is computed.
  func known(_ element: Element) -> Double? {
    guard case .constant(let weight) = values[Int(element.value)].source else { return nil }
    return weight[Int(element.index)]
  }

  /// Whether an element is a known number.
  func isKnown(_ element: Element) -> Bool {
    if case .constant = values[Int(element.value)].source { true } else { false }
  }

  /// The known numbers that a list of elements is, or nil where one of them is computed.
  func numbers(of elements: [Element]) -> [Double]? {
    guard let first = elements.first, case .constant(var weight) = values[Int(first.value)].source else {
      return elements.isEmpty ? [] : nil
    }
    var numbers: [Double] = []
    numbers.reserveCapacity(elements.count)
    var value = first.value
    for element in elements {
      if element.value != value {
        guard case .constant(let next) = values[Int(element.value)].source else { return nil }
        (value, weight) = (element.value, next)
      }
      numbers.append(weight[Int(element.index)])
    }
    return numbers
  }

  /// The elements whose mean an element is, or nil where it is none.
  func terms(ofMean element: Element) -> ArraySlice<Element>? {
    guard case .mean(let source, let group) = values[Int(element.value)].source else { return nil }
    return source[(Int(element.index) * group)..<((Int(element.index) + 1) * group)]
  }

  /// The value that a list of elements is all of, in order, or nil.
  func whole(_ elements: [Element]) -> Int? {
    guard let first = elements.first else { return nil }
    let number = Int(first.value)
    guard values[number].count == elements.count else { return nil }
    for (index, element) in elements.enumerated() where element.value != first.value || element.index != index { return nil }
    return number
  }
}

extension Trace.Source {
  /// The operands, in the order in which an operation reads them.
  var operands: [[Element]] {
    switch self {
    case .token, .state, .constant, .row, .windowRow, .position, .opaque: []
    case .unary(_, let source), .reduce(_, let source, _), .mean(let source, _), .softmax(let source, _): [source]
    case .binary(_, let left, let right): [left, right]
    case .choice(let condition, let left, let right): [condition, left, right]
    case .normalize(_, let source, let gain, let bias, _): [source] + [gain, bias].compactMap { $0 }
    case .linear(_, let input, let bias): [input] + [bias].compactMap { $0 }
    case .attention(let attention): [attention.query, attention.key, attention.value]
    case .product(let product): [product.left, product.right]
    }
  }
}

extension Weight {
  /// An element by its place in row-major order.
  subscript(index: Int) -> Double {
    var place = layout.offset
    var rest = index
    for axis in layout.shape.indices.reversed() {
      place += rest % layout.shape[axis] * layout.strides[axis]
      rest /= layout.shape[axis]
    }
    return source.real(place)
  }
}
