import Quell

/// A truth value that depends on one computed number: it holds where that number is in a set.
///
/// A program computes no truth values. Where one decides whether the number that it judges is kept or becomes zero, the
/// two together are a threshold, however an exporter writes that.
struct Judgement {
  var element: Element
  var set: FloatSet

  init(_ element: Element, in set: FloatSet) {
    self.element = element
    self.set = set
  }
}

extension Lane {
  /// Truth values as a tensor.
  func truths(_ judgements: [Judgement], shape: [Int], _ call: Call) -> Tensor {
    let tensor = call.opaque(shape: shape, type: .bool, "compares computed numbers for more than keeping what is above a threshold")
    if case .dynamic(let truths) = tensor, let value = truths.elements.first?.value { self.judgements[value] = judgements }
    return tensor
  }

  /// What the elements of a tensor judge; nil where they are no truth values, or none about computed numbers.
  func judgements(of elements: [Element]) -> [Judgement]? {
    guard !judgements.isEmpty else { return nil }
    var result: [Judgement] = []
    for element in elements {
      guard let values = judgements[element.value] else { return nil }
      result.append(values[Int(element.index)])
    }
    return result
  }

  /// Two judgements as one; nil where they are about different numbers.
  func combined(_ left: Judgement, _ right: Judgement, _ combine: (FloatSet, FloatSet) -> FloatSet) -> Judgement? {
    if left.element == right.element { return Judgement(left.element, in: combine(left.set, right.set)) }
    if magnitude(left.element) == right.element {
      return Judgement(right.element, in: combine(left.set.ofMagnitudes, right.set))
    }
    guard magnitude(right.element) == left.element else { return nil }
    return Judgement(left.element, in: combine(left.set, right.set.ofMagnitudes))
  }

  /// Numbers where their judgements hold, and zeros elsewhere; nil where that is no threshold or no judgement of them.
  func kept(_ elements: [Element], where judgements: [Judgement], node: Int) -> [Element]? {
    var sets: [FloatSet] = []
    for (element, judgement) in zip(elements, judgements) {
      if judgement.element == element {
        sets.append(judgement.set)
      } else if magnitude(judgement.element) == element {
        sets.append(judgement.set.ofMagnitudes)
      } else {
        return nil
      }
    }
    if sets.allSatisfy({ $0 == .all }) { return elements }
    if sets.allSatisfy({ $0 == .none }) { return constant(0, count: elements.count, node: node) }
    // Numbers that are never negative are as good as judged by their magnitude.
    if isNeverNegative(elements) { sets = sets.map { $0.ofMagnitudes } }
    let thresholds = sets.compactMap(\.threshold)
    if thresholds.count == sets.count { return thresholded(elements, thresholds, node: node) }
    let limits = sets.compactMap(\.rectifier)
    guard limits.count == sets.count else { return nil }
    return thresholded(unary(.relu, elements, node: node), limits, node: node)
  }

  /// One list's numbers where judgements hold, and another's elsewhere; nil where the judgements are of different forms.
  func chosen(_ elements: [Element], where judgements: [Judgement], else others: [Element], node: Int) -> [Element]? {
    if judgements.allSatisfy({ $0.set == .all }) { return elements }
    if judgements.allSatisfy({ $0.set == .none }) { return others }
    let bounds = judgements.map { $0.set.bounds }
    guard let count = bounds.first?.count, bounds.allSatisfy({ $0.count == count }) else { return nil }
    let judged = judgements.map { $0.element }
    var margin: [Element]?
    for interval in 0..<count {
      let (below, above) = (bounds.compactMap { $0[interval].below }, bounds.compactMap { $0[interval].above })
      var inside: [Element]?
      // A difference has the sign of the comparison, subnormal ones included.
      if below.count == judged.count { inside = binary(.subtract, judged, limits(below, node), node: node) }
      if above.count == judged.count {
        let room = binary(.subtract, limits(above, node), judged, node: node)
        inside = inside.map { binary(.minimum, $0, room, node: node) } ?? room
      }
      guard let inside, below.isEmpty || below.count == judged.count, above.isEmpty || above.count == judged.count else { return nil }
      margin = margin.map { binary(.maximum, $0, inside, node: node) } ?? inside
    }
    return margin.map { trace.make(.choice($0, elements, others), count: elements.count, node: node) }
  }

  private func limits(_ numbers: [Float], _ node: Int) -> [Element] {
    if let first = numbers.first, numbers.allSatisfy({ $0 == first }) { return constant(Double(first), count: numbers.count, node: node) }
    return trace.elements(of: Weight(numbers.map { Double($0) }, shape: [numbers.count], type: .float32), node: node)
  }

  /// Numbers of which those whose magnitude is not above a threshold are zero.
  func thresholded(_ elements: [Element], _ thresholds: [Float], node: Int) -> [Element] {
    if let first = thresholds.first, thresholds.allSatisfy({ $0 == first }) {
      return binary(.threshold, elements, Double(first), node: node)
    }
    let limits = Weight(thresholds.map { Double($0) }, shape: [thresholds.count], type: .float32)
    return binary(.threshold, elements, trace.elements(of: limits, node: node), node: node)
  }

  /// What an element is the magnitude of; nil for any other.
  private func magnitude(_ element: Element) -> Element? {
    if case .unary(.absolute, let source) = trace.values[Int(element.value)].source { return source[Int(element.index)] }
    guard case .binary(.maximum, let left, let right) = trace.values[Int(element.value)].source else { return nil }
    let (positive, negative) = (left[Int(element.index)], right[Int(element.index)])
    guard case .unary(.negate, let source) = trace.values[Int(negative.value)].source, source[Int(negative.index)] == positive else {
      return nil
    }
    return positive
  }
}
