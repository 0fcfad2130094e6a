import Dispatch
import Synchronization

/// Numbered pieces of work that several threads do, each with a worker of its own.
enum ParallelWork {
  /// The result of `body` for every number below `count`, in order. After a failure no further piece is begun.
  ///
  /// - Parameters:
  ///   - task: What the progress line calls the work.
  ///   - workers: One for each thread; no two calls of `body` have the same at a time.
  static func results<Worker, Result: Sendable>(
    _ count: Int, _ task: String, workers: [Worker], _ body: (Worker, Int) throws -> Result
  ) throws -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: count))
    let failure = Mutex<(any Error)?>(nil)
    let progress = Mutex((bar: Progress(task), done: 0))
    let next = Atomic(0)
    // The calls are over when this returns, and what they share is theirs to share.
    nonisolated(unsafe) let (workers, body) = (workers, body)
    DispatchQueue.concurrentPerform(iterations: workers.count) { number in
      while failure.withLock({ $0 == nil }) {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        do {
          let result = try body(workers[number], index)
          results.withLock { $0[index] = result }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
        progress.withLock {
          $0.done += 1
          $0.bar.update($0.done, of: count)
        }
      }
    }
    progress.withLock { $0.bar.finish() }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return results.withLock { $0.map { $0! } }
  }
}
