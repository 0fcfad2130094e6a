import Quell

/// Gives every buffer its place in scratch memory: those that live at the same time do not overlap.
struct ScratchPlan {
  /// Floats to which buffers are aligned: a cache line.
  private static let alignment = 16

  /// The program with its buffers placed.
  static func plan(_ program: Program) -> Program {
    var plan = ScratchPlan(program)
    plan.findLifetimes()
    plan.place()
    return plan.program
  }

  private var program: Program
  private var lastRead: [Int]
  private var taken: [(range: Range<Int>, buffer: Int)] = []
  private var chain: Chain?

  /// The chain that is being placed.
  ///
  /// Its operations run tile by tile, so what one of them no longer needs another may still read: only memory that is used
  /// as a whole, tile for tile, changes hands within a chain.
  private struct Chain {
    var range: ClosedRange<Int>
    var elements: Int
    /// Buffers of which a part is used.
    var split: Set<Int> = []
    /// Buffers whose last use is past, and whose place may be taken.
    var free: [Int] = []
  }

  private init(_ program: Program) {
    self.program = program
    lastRead = [Int](repeating: -1, count: program.buffers.count)
    self.program.bufferOffsets = [Int](repeating: -1, count: program.buffers.count)
  }

  private func buffer(_ value: Int) -> Int? {
    if case .buffer(let buffer, _, _) = program.values[value] { buffer } else { nil }
  }

  private mutating func findLifetimes() {
    var source: Int?
    for (index, operation) in program.operations.enumerated() {
      for value in operation.reads { if let buffer = buffer(value) { lastRead[buffer] = index } }
      // A linear operation may look at the input of its site again.
      if case .events(_, let value) = operation { source = buffer(value) }
      if case .linear = operation, let source { lastRead[source] = index }
    }
    if let buffer = buffer(program.logits) { lastRead[buffer] = program.operations.count }
  }

  private mutating func place() {
    for (index, operation) in program.operations.enumerated() {
      if case .chain(let count, let elements) = operation { chain = begun((index + 1)...(index + count), elements) }
      if let result = operation.writes, let buffer = buffer(result), program.bufferOffsets[buffer] < 0 {
        if let old = replaced(by: buffer, of: operation, at: index) {
          program.bufferOffsets[buffer] = program.bufferOffsets[old]
          taken.removeAll { $0.buffer == old }
          let offset = program.bufferOffsets[buffer]
          insert(offset..<(offset + aligned(program.buffers[buffer])), buffer)
        } else {
          fit(buffer)
        }
      }
      release(after: index, operation)
    }
  }

  private func begun(_ range: ClosedRange<Int>, _ elements: Int) -> Chain {
    var chain = Chain(range: range, elements: elements)
    for operation in program.operations[range] {
      for value in operation.reads + [operation.writes].compactMap({ $0 }) {
        if let buffer = buffer(value), !isWhole(value, buffer, elements) { chain.split.insert(buffer) }
      }
    }
    return chain
  }

  private mutating func release(after index: Int, _ operation: Operation) {
    guard var chain else {
      taken.removeAll { lastRead[$0.buffer] <= index }
      return
    }
    for buffer in operation.reads.compactMap({ buffer($0) }) where lastRead[buffer] == index && !chain.split.contains(buffer) {
      if !chain.free.contains(buffer), taken.contains(where: { $0.buffer == buffer }) { chain.free.append(buffer) }
    }
    self.chain = chain
    guard index == chain.range.upperBound else { return }
    taken.removeAll { lastRead[$0.buffer] <= index }
    self.chain = nil
  }

  /// The buffer whose place an operation's result may take: one of exactly its form that ends here, or has ended in this chain.
  private mutating func replaced(by result: Int, of operation: Operation, at index: Int) -> Int? {
    guard operation.isElementwise else { return nil }
    if let operand = operation.reads.first(where: { canReplace($0, result, by: operation, at: index) }) { return buffer(operand) }
    guard let chain, program.buffers[result] == chain.elements, !chain.split.contains(result) else { return nil }
    return self.chain?.free.popLast()
  }

  /// Whether an operand ends here and has exactly the result's form, so that the result may take its place.
  private func canReplace(_ operand: Int, _ result: Int, by operation: Operation, at index: Int) -> Bool {
    guard let old = buffer(operand), isWhole(operand, old, program.buffers[result]),
      operation.reads.allSatisfy({ $0 == operand || buffer($0) != old }), chain?.split.contains(old) != true
    else { return false }
    return lastRead[old] == index
  }

  /// Whether a value is all of a buffer of a length.
  private func isWhole(_ value: Int, _ buffer: Int, _ length: Int) -> Bool {
    guard case .buffer(buffer, 0, length) = program.values[value] else { return false }
    return program.buffers[buffer] == length
  }

  private mutating func fit(_ buffer: Int) {
    let size = aligned(program.buffers[buffer])
    var offset = 0
    for (range, _) in taken {
      if range.lowerBound - offset >= size { break }
      offset = max(offset, range.upperBound)
    }
    program.bufferOffsets[buffer] = offset
    insert(offset..<(offset + size), buffer)
    program.scratchSize = max(program.scratchSize, offset + size)
  }

  private mutating func insert(_ range: Range<Int>, _ buffer: Int) {
    let place = taken.firstIndex { $0.range.lowerBound > range.lowerBound } ?? taken.count
    taken.insert((range, buffer), at: place)
  }

  private func aligned(_ count: Int) -> Int {
    (count + ScratchPlan.alignment - 1) / ScratchPlan.alignment * ScratchPlan.alignment
  }
}
