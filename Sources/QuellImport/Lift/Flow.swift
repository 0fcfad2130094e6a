/// What a lane computes: the logits, and what every state holds after the step.
struct Flow {
  /// A state input with the output that becomes it in the next step.
  struct State {
    var input: Interface.Input
    /// The trace's value that holds what the input held.
    var value: Int
    /// The shape of the input in this lane.
    var shape: [Int]
    /// The elements of the paired output, row-major. A cache's has one position more than its input.
    var next: [Element]
  }

  var trace: Trace
  var logits: [Element]
  var states: [State]
  /// The thresholds of linear operations, by value of the trace; 0 where there is none.
  var thresholds: [Int: Float] = [:]
  /// Where the graph hands vectors to linear operations.
  var feeds: [SiteInput: Set<Feed>] = [:]
}

/// A place of the graph where a vector enters a linear operation.
struct Feed: Hashable, Comparable {
  /// The node, by its number.
  var node: Int
  /// Which of its inputs the vector is; nil where the node makes the vector itself.
  var input: Int?

  static func < (left: Feed, right: Feed) -> Bool { (left.node, left.input ?? -1) < (right.node, right.input ?? -1) }
}

extension Flow {
  /// Where the graph hands vectors to linear operations that take in other ones.
  func feeds(_ site: (SiteInput) -> SiteInput) -> [SiteInput: Set<Feed>] {
    var mapped: [SiteInput: Set<Feed>] = [:]
    for (before, places) in feeds { mapped[site(before), default: []].formUnion(places) }
    return mapped
  }

  /// The flows of both lanes, with outputs paired to inputs.
  static func pair(_ specialiser: Specialiser) throws(ImportFailure) -> [Flow] {
    let pairing = try Pairing(specialiser)
    var flows: [Flow] = []
    for lane in specialiser.lanes {
      func elements(_ name: String) throws(ImportFailure) -> [Element] {
        lane.elements(of: try specialiser.output(name, in: lane), node: -1)
      }
      // Of a window the last row counts.
      let width = try specialiser.output(pairing.logits, in: lane).shape.last ?? 0
      let logits = Array(try elements(pairing.logits).suffix(specialiser.interface.isWindow ? width : .max))
      var states: [State] = []
      for (number, input) in specialiser.interface.states.enumerated() {
        guard let output = pairing.states[number] else { continue }
        let value = lane.trace.add(.state(number), count: input.shape(past: lane.past).product, node: -1)
        states.append(State(input: input, value: value, shape: input.shape(past: lane.past), next: try elements(output)))
      }
      flows.append(Flow(trace: lane.trace, logits: logits, states: states, feeds: lane.feeds))
    }
    return flows
  }
}

/// Which output is the logits, and which becomes which state.
private struct Pairing {
  private struct Output {
    var name: String
    var shape: [Int]
    var elements: [Element]
    /// Whether a linear operation makes it, as the vocabulary head does.
    var isLinear: Bool
  }

  private(set) var logits = ""
  /// The output for each state input; none where a state is not handed on.
  private(set) var states: [Int: String] = [:]

  init(_ specialiser: Specialiser) throws(ImportFailure) {
    let lane = specialiser.lanes[0]
    var outputs: [Output] = []
    for declared in specialiser.model.graph?.outputs ?? [] {
      guard case .dynamic(let tensor) = try specialiser.output(declared.name, in: lane), tensor.type.isReal else { continue }
      let output = Output(
        name: declared.name, shape: tensor.shape, elements: tensor.elements, isLinear: Pairing.isLinear(tensor.elements, lane.trace))
      outputs.append(output)
    }
    let inputs = Array(specialiser.interface.states.enumerated())
    for (number, input) in inputs where input.pastAxis != nil {
      let value = Int32(lane.trace.add(.state(number), count: input.shape(past: lane.past).product, node: -1))
      guard
        let index = outputs.firstIndex(where: { $0.shape == input.shape(past: lane.past + 1) && $0.elements.contains { $0.value == value } }
        )
      else {
        throw .unsupported(
          "No output is input \"\(input.name)\" with one position more; export one decoding step with past keys and values, "
            + "whose outputs hold the keys and values of all positions.")
      }
      states[number] = outputs.remove(at: index).name
    }
    let recurrent = inputs.filter { $0.element.pastAxis == nil }
    let vocabulary = specialiser.interface.vocabulary
    // A table may have more rows than there are logits, and a state as many numbers as the table has rows.
    func unlikeliness(_ output: Output) -> Int { (output.shape.last == vocabulary ? 0 : 2) + (output.isLinear ? 0 : 1) }
    let candidates = outputs.indices.sorted { (unlikeliness(outputs[$0]), $0) < (unlikeliness(outputs[$1]), $1) }
    for candidate in candidates {
      var rest = outputs
      let head = rest.remove(at: candidate)
      guard let pairs = Pairing.match(recurrent, rest, past: lane.past) else { continue }
      logits = head.name
      states.merge(pairs) { first, _ in first }
      return
    }
    guard !candidates.isEmpty else { throw .unsupported("No output of real numbers depends on the token; there are no logits.") }
    let shapes = recurrent.map { "\"\($0.element.name)\" \($0.element.shape(past: lane.past))" }.joined(separator: ", ")
    throw .unsupported(
      "The outputs of shapes \(outputs.map { $0.shape }) cannot be paired with the state inputs \(shapes); "
        + "export one step whose outputs hold the new states in the order of the inputs; a cache needs an axis of open length.")
  }

  /// Whether a linear operation makes the first element, possibly scaled, shifted or added to another.
  private static func isLinear(_ elements: [Element], _ trace: Trace) -> Bool {
    guard let first = elements.first else { return false }
    let element = trace.affine(first).element
    switch trace.values[Int(element.value)].source {
    case .linear: return true
    case .binary(.add, let left, let right):
      return [left, right].contains { side in
        if case .linear = trace.values[Int(side[Int(element.index)].value)].source { true } else { false }
      }
    default: return false
    }
  }

  /// Outputs for recurrent inputs, in order and by shape; out of order only where the order does not serve.
  private static func match(
    _ inputs: [(offset: Int, element: Interface.Input)], _ outputs: [Output], past: Int
  ) -> [Int: String]? {
    for inOrder in [true, false] {
      var pairs: [Int: String] = [:]
      var rest = outputs
      for (number, input) in inputs {
        guard let index = rest.firstIndex(where: { $0.shape == input.shape(past: past) }) else { break }
        pairs[number] = rest[index].name
        rest.removeSubrange(inOrder ? 0...index : index...index)
      }
      if pairs.count == inputs.count { return pairs }
    }
    return nil
  }
}
