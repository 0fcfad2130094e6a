extension [Element] {
  /// Hashes a list by its runs of elements at even steps in one vector: thousands of elements are most often one run or a few.
  func hashRuns(into hasher: inout Hasher) {
    hasher.combine(count)
    var start = 0
    while start < count {
      let first = self[start]
      var end = start + 1
      var step: Int32 = 0
      if end < count, self[end].value == first.value { step = self[end].index &- first.index }
      var next = first.index &+ step
      while end < count, self[end].value == first.value, self[end].index == next {
        next &+= step
        end += 1
      }
      hasher.combine(first)
      hasher.combine(step)
      hasher.combine(end)
      start = end
    }
  }
}

extension Trace.Source {
  func hash(into hasher: inout Hasher) {
    for operand in operands { operand.hashRuns(into: &hasher) }
    switch self {
    case .token: hasher.combine(0)
    case .state(let number): hasher.combine([1, number])
    case .constant(let weight): hasher.combine(weight)
    case .row(let table, let source, let add):
      hasher.combine(table)
      hasher.combine(source)
      hasher.combine(add)
    case .windowRow(let table, let source, let add, let position):
      hasher.combine(table)
      hasher.combine(source)
      hasher.combine([add, position])
    case .position(let inWindow): hasher.combine(inWindow)
    case .unary(let function, _): hasher.combine(function)
    case .binary(let function, _, _): hasher.combine(function)
    case .choice: hasher.combine(2)
    case .normalize(let kind, _, _, _, let epsilon):
      hasher.combine(kind)
      hasher.combine(epsilon)
    case .reduce(let function, _, let group):
      hasher.combine(function)
      hasher.combine(group)
    case .mean(_, let group): hasher.combine([3, group])
    case .softmax(_, let group): hasher.combine([4, group])
    case .linear(let matrix, _, _): hasher.combine(matrix)
    case .attention(let attention): hasher.combine([5, attention.number])
    case .product(let product): hasher.combine([product.batch, product.rows, product.inner, product.columns])
    case .opaque(let node, _): hasher.combine([6, node])
    }
  }
}

extension SiteInput {
  func hash(into hasher: inout Hasher) {
    elements.hashRuns(into: &hasher)
    hasher.combine(threshold)
  }
}
