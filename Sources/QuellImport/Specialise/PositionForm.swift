/// Known numbers of two lanes as the position that they show themselves to be.
enum PositionForm {
  /// One tensor for each lane: each element is the position, a known number further on, or a number that both lanes share.
  /// None where an element is neither.
  static func tensors(of known: [Weight], in lanes: [Lane], node: Int) -> [Tensor] {
    let numbers = known.map { $0.values }
    var tensors: [Tensor] = []
    for (number, (lane, weight)) in zip(lanes, known).enumerated() {
      let elements = lane.isWindow ? row(numbers[number], lane, node) : step(numbers, lane, lanes, node)
      guard let elements else { return [] }
      tensors.append(.dynamic(Tensor.Dynamic(shape: weight.shape, elements: elements, type: weight.type)))
    }
    return tensors
  }

  /// One position for each element of a window: consecutive numbers.
  private static func row(_ numbers: [Double], _ lane: Lane, _ node: Int) -> [Element]? {
    guard numbers.count == lane.past + 1, numbers.indices.allSatisfy({ numbers[$0] == numbers[0] + Double($0) }) else { return nil }
    return numbers.indices.flatMap { index in
      let position = lane.trace.make(.position(inWindow: index), count: 1, node: node)
      return lane.binary(.add, position, numbers[0], node: node)
    }
  }

  /// The position of the step, or the same number in both lanes, for each element.
  private static func step(_ numbers: [[Double]], _ lane: Lane, _ lanes: [Lane], _ node: Int) -> [Element]? {
    guard numbers[0].count == numbers[1].count else { return nil }
    let position = lane.trace.make(.position(inWindow: nil), count: 1, node: node)
    var elements: [Element] = []
    for (first, second) in zip(numbers[0], numbers[1]) {
      if first == second {
        elements += lane.constant(first, count: 1, node: node)
      } else if second - first == Double(lanes[1].past - lanes[0].past) {
        elements += lane.binary(.add, position, first - Double(lanes[0].past), node: node)
      } else {
        return nil
      }
    }
    return elements
  }
}
