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
  let isWindow: Bool

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

  /// Known numbers that depend on the position, by name, in the form in which the program can compute them from it.
  var positional: [String: Tensor] = [:]

  /// An attribute of the node that is being run which is of another kind than its operator takes.
  var wrongAttribute: String?

  /// What the node that is being run has gathered from, where that is a view of stored numbers.
  var gathered: Weight?

  // MARK: Elements

  /// The origin of every element of a tensor, row-major. Known numbers become a constant of the trace.
  func elements(of tensor: Tensor, node: Int) -> [Element] {
    switch tensor {
    case .dynamic(let dynamic): dynamic.elements
    case .reals(let weight), .codes(let weight): trace.elements(of: weight, node: node)
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
  /// Adding zero and multiplying by one give the operand itself, so that scales and masks without effect vanish;
  /// multiplying by judgements of the operand is a threshold.
  func binary(_ function: BinaryFunction, _ left: [Element], _ right: [Element], node: Int) -> [Element] {
    if function == .multiply, let kept = gated(left, by: right, node: node) ?? gated(right, by: left, node: node) { return kept }
    let neutral: Double
    switch function {
    case .add, .subtract, .threshold: neutral = 0
    case .multiply, .divide: neutral = 1
    case .maximum, .minimum: return trace.make(.binary(function, left, right), count: left.count, node: node)
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

  // MARK: Linear operations

  /// Where the graph hands vectors to linear operations.
  private(set) var feeds: [SiteInput: Set<Feed>] = [:]

  /// A row of a linear operation's input times its matrix.
  func linear(_ matrix: Weight, _ row: [Element], _ call: Call) -> [Element] {
    let input = call.inputs.firstIndex { tensor in
      guard case .dynamic(let dynamic) = tensor else { return false }
      let elements = quantization(of: dynamic.elements)?.elements ?? dynamic.elements
      return elements == row || Set(row).isSubset(of: elements)
    }
    feeds[SiteInput(elements: row), default: []].insert(Feed(node: call.number, input: input))
    return trace.make(.linear(matrix: matrix, input: row, bias: nil), count: matrix.shape[1], node: call.number)
  }

  // MARK: Quantisation

  /// Real numbers that were quantised, with one scale and one zero point for all.
  struct Quantization {
    var elements: [Element]
    var scale: Double
    var zero: Double
  }

  /// The nodes whose quantisation of computed numbers was left out.
  var quantizedNodes: Set<Int> = []
  private var quantizations: [Int32: Quantization] = [:]

  /// Remembers what the codes of one value were made of.
  func note(_ codes: [Element], quantize elements: [Element], scale: Double, zero: Double) {
    guard let value = codes.first?.value else { return }
    quantizations[value] = Quantization(elements: elements, scale: scale, zero: zero)
  }

  /// What codes were made of, where all are such and of one scale and zero point, however they were moved since.
  func quantization(of codes: [Element]) -> Quantization? {
    guard let first = codes.first, var result = quantizations[first.value] else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(codes.count)
    for code in codes {
      guard let other = quantizations[code.value], other.scale == result.scale, other.zero == result.zero else { return nil }
      elements.append(other.elements[Int(code.index)])
    }
    result.elements = elements
    return result
  }

  /// Whether elements cannot be negative, by what makes them.
  ///
  /// `depth` bounds how far back that is looked into.
  func isNeverNegative(_ elements: [Element], depth: Int = 6) -> Bool {
    var judged: [Int32: Bool] = [:]
    return elements.allSatisfy { element in
      if let number = trace.known(element) { return number >= 0 }
      if let verdict = judged[element.value] { return verdict }
      let verdict = isNeverNegative(value: element.value, depth: depth)
      judged[element.value] = verdict
      return verdict
    }
  }

  private func isNeverNegative(value: Int32, depth: Int) -> Bool {
    guard depth > 0 else { return false }
    switch trace.values[Int(value)].source {
    case .unary(.relu, _), .unary(.sigmoid, _), .unary(.exponential, _), .unary(.squareRoot, _), .unary(.absolute, _), .softmax:
      return true
    case .mean(let source, _), .reduce(_, let source, _), .binary(.threshold, let source, _):
      return isNeverNegative(source, depth: depth - 1)
    case .binary(.multiply, let left, let right) where left == right: return true
    case .binary(.add, let left, let right), .binary(.multiply, let left, let right), .binary(.divide, let left, let right):
      return isNeverNegative(left, depth: depth - 1) && isNeverNegative(right, depth: depth - 1)
    case .binary(.maximum, let left, let right):
      return isNeverNegative(left, depth: depth - 1) || isNeverNegative(right, depth: depth - 1)
    default: return false
    }
  }

  private var scalars: [Double: Weight] = [:]

  /// What the elements of values of truth depend on, by value.
  var judgements: [Int32: [Judgement]] = [:]

  /// Numbers times the truth values of judgements of them.
  private func gated(_ elements: [Element], by truths: [Element], node: Int) -> [Element]? {
    judgements(of: truths).flatMap { kept(elements, where: $0, node: node) }
  }

  private func isAll(_ elements: [Element], _ number: Double) -> Bool {
    guard let first = elements.first else { return true }
    guard trace.known(first) == number else { return false }
    return elements.allSatisfy { $0 == first } || trace.numbers(of: elements)?.allSatisfy { $0 == number } ?? false
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
