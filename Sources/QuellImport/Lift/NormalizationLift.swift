/// Finds normalisation by layer or by root mean square that is written out as means and square roots, as operator sets before 17
/// and 23 have it.
enum NormalizationLift {
  /// The flow with every written-out normalisation lifted.
  static func apply(_ flow: Flow) -> (flow: Flow, found: Int) {
    var flow = flow
    var found = 0
    for number in flow.trace.values.indices {
      guard let source = normalized(number, flow.trace) else { continue }
      flow.trace.replace(number, by: source)
      found += 1
    }
    return (flow, found)
  }

  /// The normalisation that a value is: numbers divided by the square root of their mean square plus epsilon. Where the numbers
  /// are deviations from a mean it is layer normalisation of what they deviate from.
  private static func normalized(_ number: Int, _ trace: Trace) -> Trace.Source? {
    let deviations: [Element]
    let root: [Element]
    switch trace.values[number].source {
    case .binary(.divide, let left, let right): (deviations, root) = (left, right)
    case .binary(.multiply, let left, let right):
      if let inverse = reciprocal(right, trace) {
        (deviations, root) = (left, inverse)
      } else if let inverse = reciprocal(left, trace) {
        (deviations, root) = (right, inverse)
      } else {
        return nil
      }
    default: return nil
    }
    guard let (squares, epsilon) = variance(root, trace), squares.count == deviations.count, !deviations.isEmpty else { return nil }
    for (square, deviation) in zip(squares, deviations) {
      guard case .binary(.multiply, let left, let right) = trace.values[Int(square.value)].source,
        left[Int(square.index)] == deviation, right[Int(square.index)] == deviation
      else { return nil }
    }
    if let source = centred(deviations, trace) { return .normalize(.layer, source, gain: nil, bias: nil, epsilon: Float(epsilon)) }
    return .normalize(.rootMeanSquare, deviations, gain: nil, bias: nil, epsilon: Float(epsilon))
  }

  /// What a list holds the deviations of from its mean, or nil where it does not.
  private static func centred(_ deviations: [Element], _ trace: Trace) -> [Element]? {
    var source: [Element] = []
    var mean: Element?
    for deviation in deviations {
      guard case .binary(.subtract, let left, let right) = trace.values[Int(deviation.value)].source,
        mean == nil || mean == right[Int(deviation.index)]
      else { return nil }
      source.append(left[Int(deviation.index)])
      mean = right[Int(deviation.index)]
    }
    guard let mean, trace.terms(ofMean: mean) == source[...] else { return nil }
    return source
  }

  /// What the root of a mean is taken of: the terms of the mean, and the number added to it.
  private static func variance(_ roots: [Element], _ trace: Trace) -> (terms: [Element], epsilon: Double)? {
    var common: (mean: Element, epsilon: Double)?
    for root in Set(roots) {
      guard let found = mean(under: root, trace), common == nil || common! == found else { return nil }
      common = found
    }
    guard let (mean, epsilon) = common, let terms = trace.terms(ofMean: mean) else { return nil }
    return (Array(terms), epsilon)
  }

  /// The mean that an element is the root of, and the number added to the mean.
  ///
  /// Some exporters add a second number to the root. Where it is so small that no result could differ by a thousandth, it
  /// joins the first, so that a variance of zero gives the same root.
  private static func mean(under root: Element, _ trace: Trace) -> (mean: Element, epsilon: Double)? {
    var root = root
    var outer = 0.0
    if let (element, number) = sum(root, trace) { (root, outer) = (element, number) }
    guard case .unary(.squareRoot, let inner) = trace.values[Int(root.value)].source,
      let (mean, epsilon) = sum(inner[Int(root.index)], trace), epsilon > 0, outer >= 0, outer <= 4e-3 * epsilon.squareRoot()
    else { return nil }
    let least = epsilon.squareRoot() + outer
    return (mean, outer == 0 ? epsilon : least * least)
  }

  /// An element as another plus a known number.
  private static func sum(_ element: Element, _ trace: Trace) -> (Element, Double)? {
    guard case .binary(.add, let left, let right) = trace.values[Int(element.value)].source else { return nil }
    let (a, b) = (left[Int(element.index)], right[Int(element.index)])
    if let number = trace.known(b) { return (a, number) }
    return trace.known(a).map { (b, $0) }
  }

  /// What one is divided by, where a list is such quotients.
  private static func reciprocal(_ elements: [Element], _ trace: Trace) -> [Element]? {
    var divisors: [Element] = []
    for element in elements {
      guard case .binary(.divide, let one, let divisor) = trace.values[Int(element.value)].source,
        trace.known(one[Int(element.index)]) == 1
      else { return nil }
      divisors.append(divisor[Int(element.index)])
    }
    return divisors
  }
}
