/// A list of elements as a key.
struct VectorKey: Hashable {
  let elements: [Element]

  init(_ elements: [Element]) { self.elements = elements }

  func hash(into hasher: inout Hasher) { hasher.combine(vector: elements) }
}

extension Hasher {
  /// Differs from run to run, as the hasher's own seed does.
  private static let multiplier = UInt64.random(in: .min ... .max) | 1

  /// Takes in a list of elements at the speed of memory: vectors are told apart by lists of thousands of elements, and to hand them to
  /// the hasher one by one takes a third of all the time that a graph takes.
  mutating func combine(vector elements: [Element]) {
    let multiplier = Hasher.multiplier
    func folded(_ fold: UInt64, _ element: Element) -> UInt64 {
      let product = (fold ^ element.bits) &* multiplier
      return product ^ product >> 32
    }
    // Four at a time, because each multiplication waits for the one before.
    var folds: (UInt64, UInt64, UInt64, UInt64) = (0, 1, 2, 3)
    let whole = elements.count / 4 * 4
    for index in stride(from: 0, to: whole, by: 4) {
      folds.0 = folded(folds.0, elements[index])
      folds.1 = folded(folds.1, elements[index + 1])
      folds.2 = folded(folds.2, elements[index + 2])
      folds.3 = folded(folds.3, elements[index + 3])
    }
    for index in whole..<elements.count { folds.0 = folded(folds.0, elements[index]) }
    combine(elements.count)
    for fold in [folds.0, folds.1, folds.2, folds.3] { combine(fold) }
  }
}

extension Element {
  fileprivate var bits: UInt64 { UInt64(UInt32(bitPattern: value)) << 32 | UInt64(UInt32(bitPattern: index)) }
}

extension Trace.Source {
  func hash(into hasher: inout Hasher) {
    for operand in operands { hasher.combine(vector: operand) }
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
    hasher.combine(vector: elements)
    hasher.combine(threshold)
  }
}
