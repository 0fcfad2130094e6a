import Quell

/// Puts elementwise operations of one length together into chains, which run tile by tile.
///
/// All other operations stay in their order. Elementwise ones move down to the operation that needs them; what only the new
/// state needs joins the first chain that has its operands at hand. What reads state joins the first chain that touches the same
/// state: several tokens can be run at a time through all that lies before or after the accesses to a state, not between them. The list of events of a vector that a chain makes is made
/// by the chain, too.
struct ElementwiseChains {
  /// How many chains there are, and what they hold.
  struct Count {
    var chains = 0
    var operations = 0
    var eventLists = 0
  }

  private let program: Program
  private let before: [[Int]]
  private var count = Count()
  private var order: [Operation] = []
  private var isDone: [Bool]
  /// Elementwise operations that only the new state needs, and that wait for their operands.
  private var waiting: [Int] = []
  /// Elementwise operations that read state.
  private var stateReaders: [Int] = []

  /// The program with its chains, and how many they are.
  static func form(_ program: Program) -> (program: Program, count: Count) {
    var chains = ElementwiseChains(program)
    chains.run()
    var result = program
    result.operations = chains.order
    return (result, chains.count)
  }

  private init(_ program: Program) {
    self.program = program
    before = Dependencies(program).before
    isDone = [Bool](repeating: false, count: program.operations.count)
  }

  private mutating func run() {
    let needs = self.needs
    var isNeeded = [Bool](repeating: false, count: program.operations.count)
    for need in needs.joined() { isNeeded[need] = true }
    waiting = program.operations.indices.filter { program.operations[$0].isElementwise && !isNeeded[$0] }
    stateReaders = program.operations.indices.filter { index in
      program.operations[index].isElementwise && isNeeded[index] && !state(index).isEmpty
    }
    for (index, operation) in program.operations.enumerated() where !operation.isElementwise {
      let isListed = emit(needs[index], events: operation)
      isDone[index] = true
      if !isListed { order.append(operation) }
    }
    let rest = waiting
    waiting = []
    emit(rest, events: nil)
  }

  /// For every operation that is not elementwise, the elementwise ones that it needs and none before it does, in order.
  private var needs: [[Int]] {
    var needs: [[Int]] = []
    var isFound = [Bool](repeating: false, count: program.operations.count)
    for (index, operation) in program.operations.enumerated() {
      needs.append([])
      guard !operation.isElementwise else { continue }
      var pending = before[index]
      while let next = pending.popLast() {
        guard program.operations[next].isElementwise, !isFound[next] else { continue }
        isFound[next] = true
        needs[index].append(next)
        pending += before[next]
      }
      needs[index].sort()
    }
    return needs
  }

  // MARK: Chains

  /// Operations that run tile by tile.
  private struct Chain {
    var elements: Int
    var members: [Int] = []
    var read: [Program.Extent] = []
    var written: [Program.Extent] = []
  }

  /// Puts elementwise operations into as few chains as possible; true where the last of them ends in the list of events.
  @discardableResult
  private mutating func emit(_ operations: [Int], events: Operation?) -> Bool {
    var rest = operations.filter { !isDone[$0] }
    while let first = rest.first {
      var chain = Chain(elements: length(first))
      add(first, to: &chain)
      rest = rest.dropFirst().filter { !join($0, &chain) }
      let state = (chain.read + chain.written).filter { $0.storage == .state }
      if !state.isEmpty {
        for index in stateReaders where self.state(index).contains(where: { part in state.contains { $0.overlaps(part) } }) {
          if !isDone[index] { join(index, &chain) }
        }
        stateReaders = stateReaders.filter { !isDone[$0] }
      }
      for index in waiting where length(index) == chain.elements && touches(index, chain) { join(index, &chain) }
      waiting = waiting.filter { !isDone[$0] }
      if rest.isEmpty, let events, case .events(_, let source) = events, let extent = program.extent(source),
        chain.written.contains(extent)
      {
        finish(chain, events)
        return true
      }
      finish(chain, nil)
    }
    return false
  }

  private mutating func finish(_ chain: Chain, _ events: Operation?) {
    let operations = chain.members.map { program.operations[$0] } + (events.map { [$0] } ?? [])
    if operations.count > 1 {
      order.append(.chain(count: operations.count, elements: chain.elements))
      count.chains += 1
      count.operations += chain.members.count
      count.eventLists += events == nil ? 0 : 1
    }
    order += operations
  }

  /// Adds an operation to a chain if it may be part of it.
  @discardableResult
  private mutating func join(_ index: Int, _ chain: inout Chain) -> Bool {
    let operation = program.operations[index]
    // One place stays for the list of events.
    guard length(index) == chain.elements, chain.members.count < Operation.longestChain - 1, before[index].allSatisfy({ isDone[$0] }),
      let result = operation.writes.flatMap({ program.extent($0) })
    else { return false }
    let operands = operation.reads.compactMap { program.extent($0) }
    for written in chain.written {
      guard operands.allSatisfy({ $0.isSameOrApart(from: written) }), result.isSameOrApart(from: written) else { return false }
    }
    guard chain.read.allSatisfy({ $0.isSameOrApart(from: result) }) else { return false }
    add(index, to: &chain)
    return true
  }

  private mutating func add(_ index: Int, to chain: inout Chain) {
    let operation = program.operations[index]
    chain.members.append(index)
    chain.read += operation.reads.compactMap { program.extent($0) }
    chain.written += [operation.writes].compactMap { $0 }.compactMap { program.extent($0) }
    isDone[index] = true
  }

  /// Whether an operation reads or writes what a chain reads or writes.
  private func touches(_ index: Int, _ chain: Chain) -> Bool {
    let operation = program.operations[index]
    let extents = (operation.reads + [operation.writes].compactMap { $0 }).compactMap { program.extent($0) }
    return extents.contains { extent in chain.read.contains { $0.overlaps(extent) } || chain.written.contains { $0.overlaps(extent) } }
  }

  /// The parts of the state that an operation reads.
  private func state(_ index: Int) -> [Program.Extent] {
    program.operations[index].reads.compactMap { program.extent($0) }.filter { $0.storage == .state }
  }

  private func length(_ index: Int) -> Int { program.operations[index].writes.map { program.count($0) } ?? 0 }
}
