/// Which operations of a program depend on what they or later ones did with the token before.
///
/// All accesses to a part of the state that the program writes lie in one stretch of the program, which has to be run token by
/// token. Everything else can be run for several tokens at a time, and so can attention, which appends to its cache and looks
/// back at what is there.
struct Recurrence {
  let operations: UnsafeMutableBufferPointer<Operation>
  let values: UnsafeMutableBufferPointer<Value>

  /// Stores for each operation where the stretch ends that begins with it, and 0 for those that depend on nothing. Returns how
  /// many operations there are up to the last that leaves something for the next token: those after it only make logits.
  func mark(_ ends: UnsafeMutableBufferPointer<UInt32>) -> Int {
    ends.update(repeating: 0)
    var used = 0
    forEachAccess { index, value, isWrite in
      if isWrite { used = max(used, next(index)) }
      guard isWrite, value.storage == .state else { return }
      var (first, last) = (index, next(index))
      forEachAccess { other, accessed, _ in
        guard accessed.storage == .state, accessed.offset < value.offset + value.count, value.offset < accessed.offset + accessed.count
        else { return }
        first = min(first, other)
        last = max(last, next(other))
      }
      ends[first] = max(ends[first], UInt32(last))
    }
    for index in 0..<operations.count {
      if case .attention = operations[index] { used = max(used, index + 1) }
    }
    join(ends)
    return used
  }

  /// The operation after an operation, or after the chain that it begins.
  func next(_ index: Int) -> Int {
    if case .chain(let count, _) = operations[index] { return index + count + 1 }
    return index + 1
  }

  /// Makes one stretch of stretches that overlap.
  private func join(_ ends: UnsafeMutableBufferPointer<UInt32>) {
    var index = 0
    while index < ends.count {
      guard ends[index] > 0 else {
        index = next(index)
        continue
      }
      var end = Int(ends[index])
      var inner = index + 1
      while inner < end {
        end = max(end, Int(ends[inner]))
        ends[inner] = 0
        inner += 1
      }
      ends[index] = UInt32(end)
      index = end
    }
  }

  /// Calls `visit` for everything that is read or written; what a chain does counts as done by its first operation.
  private func forEachAccess(_ visit: (_ index: Int, _ value: Value, _ isWrite: Bool) -> Void) {
    var index = 0
    while index < operations.count {
      let end = next(index)
      for member in index..<end {
        operations[member].forEachValue { value, isWrite in visit(index, values[value], isWrite && values[value].storage == .state) }
      }
      index = end
    }
  }
}

extension Operation {
  /// Calls `visit` for the values that the operation reads, and for the one that it writes.
  @inline(never)
  public func forEachValue(_ visit: (_ value: Int, _ isWrite: Bool) -> Void) {
    func read(_ value: Int?) { if let value { visit(value, false) } }
    switch self {
    case .row(_, _, _, let result, let scale):
      read(scale)
      visit(result, true)
    case .copy(let source, let result), .unary(_, let source, let result), .arrange(let source, _, let result),
      .reduce(_, let source, _, let result):
      read(source)
      visit(result, true)
    case .binary(_, let left, let right, let result):
      read(left)
      read(right)
      visit(result, true)
    case .choose(let condition, let left, let right, let result):
      read(condition)
      read(left)
      read(right)
      visit(result, true)
    case .normalize(_, let source, let gain, let bias, _, let result):
      read(source)
      read(gain)
      read(bias)
      visit(result, true)
    case .events(_, let source): read(source)
    case .linear(_, _, let bias, let scale, let result):
      read(bias)
      read(scale)
      visit(result, true)
    case .attention(let query, let key, let value, _, _, _, let result):
      read(query)
      read(key)
      read(value)
      visit(result, true)
    case .position(let result): visit(result, true)
    case .chain: break
    }
  }
}
