import Quell

/// Lets operations write new state where it belongs, instead of into scratch from where it is copied when the step ends.
///
/// That may be done where nothing reads the old state after the new one is written, but for an elementwise operation that reads
/// what it overwrites.
struct StateWrites {
  private var program: Program
  /// Accesses of each part of memory, in the order of the program.
  private var accesses: [Program.Storage: [(operation: Int, range: Range<Int>, isWrite: Bool)]] = [:]

  /// The program without the copies that could be avoided, and how many they were.
  static func inPlace(_ program: Program) -> (program: Program, avoided: Int) {
    var writes = StateWrites(program: program)
    var avoided: Set<Int> = []
    for (index, operation) in program.operations.enumerated().reversed() {
      if case .copy(let source, let result) = operation, writes.moveWriter(of: source, to: result, copiedBy: index) {
        avoided.insert(index)
      }
    }
    writes.program.operations = writes.program.operations.indices.filter { !avoided.contains($0) }.map { writes.program.operations[$0] }
    return (writes.program, avoided.count)
  }

  private init(program: Program) {
    self.program = program
    for (index, operation) in program.operations.enumerated() { note(operation, index) }
  }

  private mutating func note(_ operation: Operation, _ index: Int) {
    for value in operation.reads { note(value, index, isWrite: false) }
    if let value = operation.writes { note(value, index, isWrite: true) }
  }

  private mutating func note(_ value: Int, _ index: Int, isWrite: Bool) {
    guard let extent = program.extent(value) else { return }
    accesses[extent.storage, default: []].append((index, extent.range, isWrite))
  }

  /// Puts a buffer that is copied to the state into the state itself; false where it must stay.
  private mutating func moveWriter(of source: Int, to result: Int, copiedBy copy: Int) -> Bool {
    guard case .buffer(let buffer, 0, let count) = program.values[source], case .state(let offset, _) = program.values[result],
      program.buffers[buffer] == count, program.extent(program.logits)?.storage != .buffer(buffer)
    else { return false }
    let uses = accesses[.buffer(buffer)] ?? []
    let writers = uses.filter { $0.isWrite }
    guard writers.count == 1, let writer = writers.first, writer.range == 0..<count else { return false }
    let target = offset..<(offset + count)
    for other in accesses[.state] ?? [] where other.range.overlaps(target) && other.operation != copy {
      // The writer itself may read what it overwrites where it goes element by element.
      let isOwn = other.operation == writer.operation && program.operations[other.operation].isElementwise && other.range == target
      guard !other.isWrite, other.operation < writer.operation || isOwn else { return false }
    }
    accesses[.state]?.removeAll { $0.operation == copy && $0.isWrite }
    for use in uses where use.operation != copy {
      accesses[.state]?.append((use.operation, (offset + use.range.lowerBound)..<(offset + use.range.upperBound), use.isWrite))
    }
    accesses[.buffer(buffer)] = nil
    for value in program.values.indices {
      guard case .buffer(buffer, let start, let part) = program.values[value] else { continue }
      program.values[value] = .state(offset: offset + start, count: part)
    }
    return true
  }
}
