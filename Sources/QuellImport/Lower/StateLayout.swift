import Quell

/// Where recurrent state lies: elements are given storage in the order in which operations read them, so that what is
/// read together lies together whatever the shape of the graph's inputs.
struct StateLayout {
  /// What a log-maximum begins with: small enough that its exponential is zero, large enough that differences stay finite.
  static let logarithmOfNothing: Float = -1e30
  private static let alignment = 16

  /// The place of each element of recurrent state, by value of the trace; -1 for what is never read. Nil for any other value.
  private(set) var places: [[Int32]?]
  private(set) var fills: [Program.Fill] = []
  private(set) var size = 0

  init(_ flow: Flow) {
    let (live, living) = flow.liveness
    places = [[Int32]?](repeating: nil, count: live.count)
    let recurrent = zip(flow.states, living).filter { $0.1 && $0.0.input.pastAxis == nil }.map { $0.0 }
    for state in recurrent { places[state.value] = [Int32](repeating: -1, count: state.shape.product) }
    guard !recurrent.isEmpty else { return }
    for (number, isLive) in live.enumerated() where isLive {
      for operand in flow.trace.values[number].source.operands { place(operand) }
    }
    place(flow.logits)
    // State that only becomes other state: keep going until nothing new is read.
    var before = -1
    while before != size {
      before = size
      for state in recurrent {
        for (index, element) in state.next.enumerated() where places[state.value]?[index] ?? -1 >= 0 { place([element]) }
      }
    }
    size = aligned(size)
    findLogarithms(flow, live)
  }

  private func aligned(_ count: Int) -> Int {
    (count + StateLayout.alignment - 1) / StateLayout.alignment * StateLayout.alignment
  }

  private mutating func place(_ elements: [Element]) {
    var continues = false
    for element in elements {
      guard let place = places[Int(element.value)]?[Int(element.index)] else { continues = false; continue }
      if place >= 0 { continues = false; continue }
      if !continues, elements.count > 1 { size = aligned(size) }
      continues = true
      places[Int(element.value)]?[Int(element.index)] = Int32(size)
      size += 1
    }
  }

  /// Log-maxima: state that is compared by maximum, then enters the exponential of its distance to that maximum, and that becomes
  /// a maximum of itself and something else.
  private mutating func findLogarithms(_ flow: Flow, _ live: [Bool]) {
    let trace = flow.trace
    var distances: Set<VectorKey> = []
    for (number, isLive) in live.enumerated() where isLive {
      if case .unary(.exponential, let source) = trace.values[number].source { distances.insert(VectorKey(source)) }
    }
    var isFound = [Bool](repeating: false, count: size)
    var (differences, maxima, sums) = (Sides(trace), Sides(trace), Sides(trace))
    for source in distances {
      for element in source.elements {
        guard let (from, top) = differences.of(element, .subtract), let (a, b) = maxima.of(top, .maximum), a == from || b == from,
          let place = statePlace(from, &sums)
        else { continue }
        isFound[place] = true
      }
    }
    let isMaximum = placesOfMaxima(flow)
    for place in isFound.indices where isFound[place] && isMaximum[place] {
      if let last = fills.last, last.offset + last.count == place {
        fills[fills.count - 1].count += 1
      } else {
        fills.append(Program.Fill(offset: place, count: 1, value: StateLayout.logarithmOfNothing))
      }
    }
  }

  /// Whether what has a place becomes a maximum of itself.
  private func placesOfMaxima(_ flow: Flow) -> [Bool] {
    var found = [Bool](repeating: false, count: size)
    var (maxima, sums) = (Sides(flow.trace), Sides(flow.trace))
    for state in flow.states {
      for (place, next) in zip(places[state.value] ?? [], state.next) {
        guard let (left, right) = maxima.of(next, .maximum) else { continue }
        if statePlace(left, &sums) == Int(place) || statePlace(right, &sums) == Int(place) { found[Int(place)] = true }
      }
    }
    return found
  }

  /// The place of a state's element, also where a known number has been added to it.
  private func statePlace(_ element: Element, _ sums: inout Sides) -> Int? {
    var element = element
    while true {
      if let place = places[Int(element.value)]?[Int(element.index)], place >= 0 { return Int(place) }
      if let (a, b) = sums.of(element, .add) {
        guard sums.trace.isKnown(a) || sums.trace.isKnown(b) else { return nil }
        element = sums.trace.isKnown(a) ? b : a
      } else if let (a, b) = sums.of(element, .subtract), sums.trace.isKnown(b) {
        element = a
      } else {
        return nil
      }
    }
  }
}

/// The operands of elements, one after another: neighbours mostly belong to one value, which is looked up once.
private struct Sides {
  let trace: Trace
  private var value: Int32 = -1
  private var found: (function: BinaryFunction, left: [Element], right: [Element])?

  init(_ trace: Trace) { self.trace = trace }

  /// What an element is the result of a function of, or nil where it is not.
  mutating func of(_ element: Element, _ function: BinaryFunction) -> (left: Element, right: Element)? {
    if element.value != value {
      value = element.value
      if case .binary(let function, let left, let right) = trace.values[Int(value)].source {
        found = (function, left, right)
      } else {
        found = nil
      }
    }
    guard let found, found.function == function else { return nil }
    return (found.left[Int(element.index)], found.right[Int(element.index)])
  }
}
