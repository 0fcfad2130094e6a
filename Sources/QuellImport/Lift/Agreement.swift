/// Checks that two lanes do the same, so that what one of them does holds at every position.
enum Agreement {
  /// Throws where lanes differ, naming the node. One lane, in which nothing depends on the position, agrees with itself.
  static func check(_ flows: [Flow], nodes: [ONNXNode]) throws(ImportFailure) {
    guard flows.count == 2 else { return }
    let live = flows.map { flow in
      let values = flow.liveness.values
      return values.indices.filter { values[$0] }
    }
    var numbers = [Int32](repeating: -1, count: flows[1].trace.values.count)
    for (first, second) in zip(live[0], live[1]) {
      numbers[second] = Int32(first)
    }
    for (first, second) in zip(live[0], live[1]) {
      let left = flows[0].trace.values[first]
      let right = flows[1].trace.values[second]
      guard left.count == right.count, left.source.isSame(as: right.source, numbers),
        flows[0].thresholds[first] == flows[1].thresholds[second]
      else { throw differs(left, nodes) }
    }
    guard live[0].count == live[1].count else {
      let longer = live[0].count > live[1].count ? 0 : 1
      throw differs(flows[longer].trace.values[live[longer][min(live[0].count, live[1].count)]], nodes)
    }
    guard flows[0].logits == flows[1].logits.map({ $0.renumbered(numbers) }) else {
      throw .unsupported("The logits depend on the number of positions in a way that is not supported.")
    }
    for (left, right) in zip(flows[0].states, flows[1].states) where left.input.pastAxis == nil && numbers[right.value] >= 0 {
      guard left.next == right.next.map({ $0.renumbered(numbers) }) else {
        throw .unsupported("The state \"\(left.input.name)\" depends on the number of positions in a way that is not supported.")
      }
    }
  }

  private static func differs(_ value: Trace.Value, _ nodes: [ONNXNode]) -> ImportFailure {
    let title = nodes.indices.contains(value.node) ? nodes[value.node].title : "An input"
    return .unsupported(
      "\(title) depends on the number of positions in a way that is not supported; export one decoding step with past keys and values.")
  }
}

extension Element {
  /// The element under the numbers of another trace.
  fileprivate func renumbered(_ numbers: [Int32]) -> Element {
    var result = self
    result.value = numbers[Int(value)]
    return result
  }
}

extension Trace.Source {
  /// Whether two sources are the same once the other's operands are renumbered.
  fileprivate func isSame(as other: Trace.Source, _ numbers: [Int32]) -> Bool {
    guard operands == other.operands.map({ $0.map { $0.renumbered(numbers) } }) else { return false }
    switch (self, other) {
    case (.token, .token), (.choice, .choice): return true
    case (.position(let a), .position(let b)): return a == b
    case (.reduce(let a, _, let group), .reduce(let b, _, let other)): return a == b && group == other
    case (.mean(_, let a), .mean(_, let b)): return a == b
    case (.state(let a), .state(let b)): return a == b
    case (.constant(let a), .constant(let b)): return a == b || a.count == b.count && a.values == b.values
    case (.row(let a, let from, let add), .row(let b, let source, let other)): return a == b && from == source && add == other
    case (.unary(let a, _), .unary(let b, _)): return a == b
    case (.binary(let a, _, _), .binary(let b, _, _)): return a == b
    case (.normalize(let kind, _, let gain, let bias, let a), .normalize(let otherKind, _, let otherGain, let otherBias, let b)):
      return kind == otherKind && a == b && (gain == nil) == (otherGain == nil) && (bias == nil) == (otherBias == nil)
    case (.linear(let a, _, let bias), .linear(let b, _, let other)): return a == b && (bias == nil) == (other == nil)
    case (.attention(let a), .attention(let b)):
      return a.heads == b.heads && a.cacheHeads == b.cacheHeads && a.scale == b.scale && a.number == b.number
    case (.softmax(_, let a), .softmax(_, let b)): return a == b
    case (.product(let a), .product(let b)):
      return (a.batch, a.rows, a.inner, a.columns) == (b.batch, b.rows, b.inner, b.columns)
    case (.opaque(let a, _), .opaque(let b, _)): return a == b
    default: return false
    }
  }
}
