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
      if let result = operation.writes, let buffer = buffer(result), program.bufferOffsets[buffer] < 0 {
        if operation.isElementwise, let operand = operation.reads.first(where: { canReplace($0, buffer, by: operation, at: index) }),
          let old = self.buffer(operand)
        {
          program.bufferOffsets[buffer] = program.bufferOffsets[old]
          taken.removeAll { $0.buffer == old }
          let offset = program.bufferOffsets[buffer]
          insert(offset..<(offset + aligned(program.buffers[buffer])), buffer)
        } else {
          fit(buffer)
        }
      }
      taken.removeAll { lastRead[$0.buffer] <= index }
    }
  }

  /// Whether an operand ends here and has exactly the result's form, so that the result may take its place.
  private func canReplace(_ operand: Int, _ result: Int, by operation: Operation, at index: Int) -> Bool {
    guard case .buffer(let old, 0, let count) = program.values[operand],
      operation.reads.allSatisfy({ $0 == operand || buffer($0) != old })
    else { return false }
    return lastRead[old] == index && program.buffers[old] == count && program.buffers[result] == count
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
