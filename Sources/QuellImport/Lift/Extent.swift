import Quell

/// What is known of an element whatever the model computes; of a NaN nothing is.
struct Extent {
  var isWhole = false
  var low = -Double.infinity
  var high = Double.infinity

  fileprivate static func within(_ magnitude: Double) -> Extent { Extent(low: -magnitude, high: magnitude) }
}

extension Trace {
  /// More functions in a row than a quantisation has are not looked through.
  private static let mostFunctions = 16
  /// A greatest magnitude that may be smaller is not divided by: the quotient might be infinite.
  private static let leastDivisor = 0x1p-100
  /// What the greatest magnitude may become: neither its quotient by it nor the product with that is then rounded by more than this.
  private static let parts = 1.0...0x1p20
  private static let roundings = 1 + 0x1p-20

  /// Whether all elements are whole numbers of 8 bits with a sign whatever the model computes, because they have been rounded and are
  /// kept within bounds. Zeros that a threshold makes are such numbers, too.
  func areWholeBytes(_ elements: [Element]) -> Bool {
    elements.allSatisfy { element in
      let extent = extent(of: element)
      return extent.isWhole && extent.low >= -128 && extent.high <= 127
    }
  }

  /// What is known of an element.
  func extent(of element: Element) -> Extent { extent(of: element, Trace.mostFunctions) }

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
    case .binary(.multiply, let left, let right):
      for (number, factor) in [(left[index], right[index]), (right[index], left[index])] {
        if let part = part(ofGreatest: number, at: index, times: factor) { return .within(part * Trace.roundings) }
      }
      return Extent()
    case .binary(.divide, let left, let right):
      // number / (greatest / part)
      guard let (greatest, part) = quotient(right[index]), isGreatest(greatest, of: left[index], at: index) else { return Extent() }
      return .within(part * Trace.roundings)
    default: return Extent()
    }
  }

  // MARK: Parts of greatest magnitudes

  /// The magnitude that a number times a factor cannot exceed, because the factor is that magnitude over the greatest one of a vector that
  /// has the number at a place.
  private func part(ofGreatest number: Element, at place: Int, times factor: Element) -> Double? {
    if let part = part(ofGreatest: number, at: place, timesQuotient: factor) { return part }
    // part * (1 / greatest)
    guard case .binary(.multiply, let left, let right) = values[Int(factor.value)].source else { return nil }
    let index = Int(factor.index)
    for (quotient, multiple) in [(left[index], right[index]), (right[index], left[index])] {
      if let multiple = known(multiple), Trace.parts.contains(multiple),
        let part = part(ofGreatest: number, at: place, timesQuotient: quotient), Trace.parts.contains(multiple * part)
      {
        return multiple * part
      }
    }
    return nil
  }

  private func part(ofGreatest number: Element, at place: Int, timesQuotient factor: Element) -> Double? {
    guard case .binary(.divide, let left, let right) = values[Int(factor.value)].source,
      let part = known(left[Int(factor.index)]), Trace.parts.contains(part),
      isGreatest(right[Int(factor.index)], of: number, at: place)
    else { return nil }
    return part
  }

  /// A dividend and a known divisor, or a factor as such.
  private func quotient(_ element: Element) -> (dividend: Element, divisor: Double)? {
    let index = Int(element.index)
    switch values[Int(element.value)].source {
    case .binary(.divide, let left, let right):
      return known(right[index]).flatMap { Trace.parts.contains($0) ? (left[index], $0) : nil }
    case .binary(.multiply, let left, let right):
      for (dividend, factor) in [(left[index], right[index]), (right[index], left[index])] {
        if let factor = known(factor), Trace.parts.contains(1 / factor) { return (dividend, 1 / factor) }
      }
      return nil
    default: return nil
    }
  }

  /// Whether an element is the greatest magnitude of a vector that has a number at a place, or a known number if that is greater.
  private func isGreatest(_ element: Element, of number: Element, at place: Int) -> Bool {
    guard case .binary(.maximum, let left, let right) = values[Int(element.value)].source else { return false }
    let index = Int(element.index)
    return [(left[index], right[index]), (right[index], left[index])].contains { greatest, least in
      guard let least = known(least), least >= Trace.leastDivisor,
        case .reduce(.maximum, let magnitudes, let group) = values[Int(greatest.value)].source
      else { return false }
      let magnitude = magnitudes[Int(greatest.index) * group + place % group]
      guard case .unary(.absolute, let source) = values[Int(magnitude.value)].source else { return false }
      return source[Int(magnitude.index)] == number
    }
  }
}
