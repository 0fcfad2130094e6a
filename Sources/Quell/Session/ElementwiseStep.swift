extension SessionStorage {
  /// Numbers of a tile: large enough that beginning an operation costs little beside it, small enough that the vectors of a chain
  /// stay in the nearest caches.
  private static let tile = 1024

  /// Runs all operations of a chain over one tile after the other.
  @_optimize(speed)
  mutating func executeChain(_ operations: Slice<UnsafeMutableBufferPointer<Operation>>, elements: Int) {
    var first = 0
    while first < elements {
      let end = min(first + SessionStorage.tile, elements)
      for operation in operations { executeElementwise(operation, first..<end) }
      first = end
    }
  }

  /// Runs a part of an operation that does the same to each element. Parts of a list of events are made in order.
  ///
  /// A call is nothing beside what it does, and another copy of it would take two kilobytes of a board's flash.
  @inline(never)
  @_optimize(speed)
  mutating func executeElementwise(_ operation: Operation, _ part: Range<Int>) {
    let first = part.lowerBound
    switch operation {
    case .copy(let source, let result):
      (memory(result) + first).update(from: memory(source) + first, count: part.count)
    case .unary(let function, let source, let result):
      Elementwise.unary(function, memory(source) + first, memory(result) + first, count: part.count, kernels)
    case .binary(let function, let left, let right, let result):
      let (leftStep, rightStep) = (count(left) == 1 ? 0 : 1, count(right) == 1 ? 0 : 1)
      Elementwise.binary(
        function, memory(left) + first * leftStep, leftStep: leftStep, memory(right) + first * rightStep, rightStep: rightStep,
        memory(result) + first, count: part.count, kernels)
    case .events(let site, let source):
      statistics?.add(memory(source) + first, count: part.count, site: site)
      let before = first == 0 ? 0 : lane.pointee.events.count
      lane.pointee.events.detect(memory(source) + first, from: first, count: part.count, threshold: threshold(site), kernels)
      adaptation?.add(lane.pointee.events.count - before, of: part.count, model.pointee.sites[site])
      if countsWork { countEvents(after: before, site: site, isFirst: first == 0, isLast: part.upperBound == count(source)) }
    default: break
    }
  }
}
