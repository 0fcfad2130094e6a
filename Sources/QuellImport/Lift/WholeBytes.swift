extension Trace {
  /// What is known of an element whatever the model computes.
  private struct Extent {
    var isWhole = false
    var low = -Double.infinity
    var high = Double.infinity
  }

  /// More functions in a row than a quantisation has are not looked through.
  private static let mostFunctions = 16

  /// Whether all elements are whole numbers of 8 bits with a sign whatever the model computes, because they have been rounded and are
  /// kept within bounds. Zeros that a threshold makes are such numbers, too.
  func areWholeBytes(_ elements: [Element]) -> Bool {
    elements.allSatisfy { element in
      let extent = extent(of: element, Trace.mostFunctions)
      return extent.isWhole && extent.low >= -128 && extent.high <= 127
    }
  }

  private func extent(of element: Element, _ depth: Int) -> Extent {
    if let number = known(element) { return Extent(isWhole: number == number.rounded(), low: number, high: number) }
    let index = Int(element.index)
    func extents(_ left: [Element], _ right: [Element]) -> (Extent, Extent) {
      (extent(of: left[index], depth - 1), extent(of: right[index], depth - 1))
    }
    guard depth > 0 else { return Extent() }
    switch values[Int(element.value)].source {
    case .unary(.round, let source):
      let inner = extent(of: source[index], depth - 1)
      return Extent(isWhole: true, low: inner.low.rounded(.toNearestOrEven), high: inner.high.rounded(.toNearestOrEven))
    case .binary(.maximum, let left, let right):
      let (a, b) = extents(left, right)
      return Extent(isWhole: a.isWhole && b.isWhole, low: max(a.low, b.low), high: max(a.high, b.high))
    case .binary(.minimum, let left, let right):
      let (a, b) = extents(left, right)
      return Extent(isWhole: a.isWhole && b.isWhole, low: min(a.low, b.low), high: min(a.high, b.high))
    case .binary(.threshold, let left, _):
      let inner = extent(of: left[index], depth - 1)
      return Extent(isWhole: inner.isWhole, low: min(inner.low, 0), high: max(inner.high, 0))
    default: return Extent()
    }
  }
}
