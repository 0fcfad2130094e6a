import Quell

/// Takes bounds away that no number before a linear operation can reach: quantisation by the greatest magnitude of a vector cannot leave
/// the range that exporters then clip it to.
enum BoundLift {
  /// The flow with linear operations that take in their vectors as they were before such bounds.
  static func apply(_ flow: Flow) -> Flow {
    var flow = flow
    for number in flow.trace.values.indices {
      guard case .linear(let matrix, let input, let bias) = flow.trace.values[number].source else { continue }
      flow.trace.replace(number, by: .linear(matrix: matrix, input: flow.trace.beforeIdleBounds(input), bias: bias))
    }
    flow.feeds = flow.feeds { SiteInput(elements: flow.trace.beforeIdleBounds($0.elements), threshold: $0.threshold) }
    return flow
  }
}

extension Trace {
  /// A vector as it was before the bounds that none of its numbers can reach.
  fileprivate func beforeIdleBounds(_ elements: [Element]) -> [Element] {
    var elements = elements
    while let before = beforeIdleBound(elements) { elements = before }
    return elements
  }

  private func beforeIdleBound(_ elements: [Element]) -> [Element]? {
    var before: [Element] = []
    for element in elements {
      guard let inner = beforeIdleBound(element) else { return nil }
      before.append(inner)
    }
    return before.isEmpty ? nil : before
  }

  private func beforeIdleBound(_ element: Element) -> Element? {
    guard case .binary(let function, let left, let right) = values[Int(element.value)].source, function == .maximum || function == .minimum
    else { return nil }
    let (a, b) = (left[Int(element.index)], right[Int(element.index)])
    for (inner, bound) in [(a, b), (b, a)] {
      guard let bound = known(bound) else { continue }
      let extent = extent(of: inner)
      if function == .maximum ? extent.low >= bound : extent.high <= bound { return inner }
    }
    return nil
  }
}
