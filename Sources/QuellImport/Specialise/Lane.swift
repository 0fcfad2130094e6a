import Quell

/// One run of the graph at a fixed past length.
///
/// Two lanes run side by side: what differs between them depends on the position.
final class Lane {
  /// How many positions came before this token.
  let past: Int
  /// The arithmetic found so far.
  var trace = Trace()
  private var tensors: [String: Tensor] = [:]
  /// Whether all positions are computed at once.
  private let isWindow: Bool

  /// How many elements may still be evaluated: a small file must not ask for much work.
  var budget: Int

  init(past: Int, isWindow: Bool, budget: Int) {
    self.past = past
    self.isWindow = isWindow
    self.budget = budget
  }

  subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set { tensors[name] = newValue }
  }

  // MARK: Elements

  /// The origin of every element of a tensor, row-major. Known numbers become a constant of the trace.
  func elements(of tensor: Tensor, node: Int) -> [Element] {
    switch tensor {
    case .dynamic(let dynamic): dynamic.elements
    case .reals(let weight): trace.elements(of: weight, node: node)
    case .integers(let integers):
      trace.elements(of: Weight(integers.values.map { Double($0) }, shape: integers.shape, type: .float64), node: node)
    }
  }

  /// The elements of a tensor repeated to a shape that it broadcasts to.
  func elements(of tensor: Tensor, broadcastTo shape: [Int], node: Int) -> [Element] {
    let all = elements(of: tensor, node: node)
    guard tensor.shape != shape, let layout = Layout(contiguous: tensor.shape).broadcast(to: shape) else { return all }
    return layout.offsets.map { all[$0] }
  }

  // MARK: Arithmetic

  /// A tensor whose elements nothing can compute; an error only where a result needs it.
  func opaque(shape: [Int], type: DataType, node: Int, reason: String) -> Tensor {
    let number = trace.add(.opaque(node: node, reason: reason), count: shape.product, node: node)
    return .dynamic(Tensor.Dynamic(shape: shape, elements: trace.elements(of: number), type: type))
  }

  /// function(source), elementwise.
  func unary(_ function: UnaryFunction, _ source: [Element], node: Int) -> [Element] {
    trace.make(.unary(function, source), count: source.count, node: node)
  }

  /// function(left, right), elementwise, where both have the result's length.
  ///
  /// Adding zero and multiplying by one give the operand itself, so that scales and masks without effect vanish.
  func binary(_ function: BinaryFunction, _ left: [Element], _ right: [Element], node: Int) -> [Element] {
    let neutral: Double
    switch function {
    case .add, .subtract: neutral = 0
    case .multiply, .divide: neutral = 1
    case .maximum: return trace.make(.binary(function, left, right), count: left.count, node: node)
    }
    if isAll(right, neutral) { return left }
    if function == .add || function == .multiply, isAll(left, neutral) { return right }
    return trace.make(.binary(function, left, right), count: left.count, node: node)
  }

  /// function(source, number), elementwise.
  func binary(_ function: BinaryFunction, _ source: [Element], _ number: Double, node: Int) -> [Element] {
    binary(function, source, constant(number, count: source.count, node: node), node: node)
  }

  /// A number, `count` times.
  func constant(_ number: Double, count: Int, node: Int) -> [Element] {
    let scalar = scalars[number] ?? Weight([number], shape: [1], type: .float32)
    scalars[number] = scalar
    return [Element](repeating: trace.elements(of: scalar, node: node)[0], count: count)
  }

  private var scalars: [Double: Weight] = [:]

  private func isAll(_ elements: [Element], _ number: Double) -> Bool {
    elements.allSatisfy { trace.known($0) == number }
  }
}

extension Lane {
  /// The row of a table that a token chooses, or nil where an element is none: the last one, unless all of a window of
  /// tokens are computed.
  func rowSource(_ element: Element, _ table: Weight) -> Trace.Source? {
    let value = trace.values[Int(element.value)]
    guard case .token = value.source else { return nil }
    if isWindow { return .windowRow(table: table, .token, add: 0, position: Int(element.index)) }
    return Int(element.index) == value.count - 1 ? .row(table: table, .token, add: 0) : nil
  }
}
