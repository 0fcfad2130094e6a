import Quell

/// Where recurrent state lies: elements are given storage in the order in which operations read them, so that what is
/// read together lies together whatever the shape of the graph's inputs.
struct StateLayout {
  /// What a log-maximum begins with: small enough that its exponential is zero, large enough that differences stay finite.
  static let logarithmOfNothing: Float = -1e30
  private static let alignment = 16

  /// The place of each element, by value of the trace; -1 for what is never read.
  private(set) var places: [Int32: [Int32]] = [:]
  private(set) var fills: [Program.Fill] = []
  private(set) var size = 0

  init(_ flow: Flow) {
    let (live, living) = flow.liveness
    let recurrent = zip(flow.states, living).filter { $0.1 && $0.0.input.pastAxis == nil }.map { $0.0 }
    for state in recurrent { places[Int32(state.value)] = [Int32](repeating: -1, count: state.shape.product) }
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
        for (index, element) in state.next.enumerated() where places[Int32(state.value)]?[index] ?? -1 >= 0 { place([element]) }
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
      guard let place = places[element.value]?[Int(element.index)] else { continues = false; continue }
      if place >= 0 { continues = false; continue }
      if !continues, elements.count > 1 { size = aligned(size) }
      continues = true
      places[element.value]?[Int(element.index)] = Int32(size)
      size += 1
    }
  }

  /// Log-maxima: state that is compared by maximum, then enters the exponential of its distance to that maximum, and that becomes
  /// a maximum of itself and something else.
  private mutating func findLogarithms(_ flow: Flow, _ live: [Bool]) {
    let trace = flow.trace
    var distances: Set<[Element]> = []
    for (number, isLive) in live.enumerated() where isLive {
      if case .unary(.exponential, let source) = trace.values[number].source { distances.insert(source) }
    }
    var found: Set<Int> = []
    for source in distances {
      for element in source {
        guard case .binary(.subtract, let left, let right) = trace.values[Int(element.value)].source else { continue }
        let (from, top) = (left[Int(element.index)], right[Int(element.index)])
        guard case .binary(.maximum, let a, let b) = trace.values[Int(top.value)].source,
          a[Int(top.index)] == from || b[Int(top.index)] == from, let place = statePlace(from, trace)
        else { continue }
        found.insert(place)
      }
    }
    for place in found.intersection(placesOfMaxima(flow)).sorted() {
      if let last = fills.last, last.offset + last.count == place {
        fills[fills.count - 1].count += 1
      } else {
        fills.append(Program.Fill(offset: place, count: 1, value: StateLayout.logarithmOfNothing))
      }
    }
  }

  /// The places of what becomes a maximum of itself.
  private func placesOfMaxima(_ flow: Flow) -> Set<Int> {
    var maxima: Set<Int> = []
    for state in flow.states {
      for (place, next) in zip(places[Int32(state.value)] ?? [], state.next) {
        guard case .binary(.maximum, let left, let right) = flow.trace.values[Int(next.value)].source else { continue }
        let operands = [left[Int(next.index)], right[Int(next.index)]]
        if operands.contains(where: { statePlace($0, flow.trace) == Int(place) }) { maxima.insert(Int(place)) }
      }
    }
    return maxima
  }

  /// The place of a state's element, also where a known number has been added to it.
  private func statePlace(_ element: Element, _ trace: Trace) -> Int? {
    var element = element
    while true {
      if let place = places[element.value]?[Int(element.index)], place >= 0 { return Int(place) }
      guard case .binary(let function, let left, let right) = trace.values[Int(element.value)].source else { return nil }
      let (a, b) = (left[Int(element.index)], right[Int(element.index)])
      switch function {
      case .add where trace.known(a) != nil: element = b
      case .add where trace.known(b) != nil, .subtract where trace.known(b) != nil: element = a
      default: return nil
      }
    }
  }
}
