import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads that work through numbered pieces of a task together, each with memory of its own that it keeps from task to task.
final class Workers {
  /// What a worker has to itself.
  final class Memory {
    /// Converted numbers before they are transposed.
    private(set) var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Numbers of a tile in order, and as they were read.
    let tile = UnsafeMutableBufferPointer<Float>.allocate(capacity: 2 * MatrixTile.height * MatrixTile.width)

    deinit {
      bytes.deallocate()
      tile.deallocate()
    }

    /// Makes room for so many bytes.
    func reserve(_ count: Int) {
      guard bytes.count < count else { return }
      bytes.deallocate()
      bytes = .allocate(byteCount: count, alignment: 64)
    }
  }

  private static let most = 8
  private let memories: [Memory]

  /// How many threads there are.
  var count: Int { memories.count }

  init() {
    memories = (0..<min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), Workers.most)).map { _ in Memory() }
  }

  /// Calls `body` with every number of a range, in no order, and returns when all calls have. After a failure no further call
  /// begins.
  func perform<Stop: Error>(_ range: Range<Int>, _ body: (Memory, Int) throws(Stop) -> Void) throws(Stop) {
    let next = Atomic(range.lowerBound)
    let failure = Mutex<Stop?>(nil)
    // The calls are over when this returns, and what they share is theirs to share.
    nonisolated(unsafe) let (memories, body) = (memories, body)
    DispatchQueue.concurrentPerform(iterations: min(memories.count, range.count)) { worker in
      while failure.withLock({ $0 == nil }) {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < range.upperBound else { return }
        do throws(Stop) { try body(memories[worker], number) } catch { failure.withLock { $0 = error } }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}
