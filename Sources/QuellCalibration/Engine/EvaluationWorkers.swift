import Dispatch
import Quell
import Synchronization

/// The work was asked to stop.
public struct CalibrationStop: Error {}

/// Threads that work through windows, each with a session of its own.
struct EvaluationWorkers {
  private let sessions: [Session]
  private let isStopped: () -> Bool

  init(_ sessions: [Session], isStopped: @escaping () -> Bool) {
    self.sessions = sessions
    self.isStopped = isStopped
  }

  /// Events of each site since the counters were last set to zero.
  var eventCounts: [UInt64] {
    sessions.dropFirst().reduce(into: sessions[0].eventCounts) { sums, session in
      for (site, events) in session.eventCounts.enumerated() { sums[site] += events }
    }
  }

  /// Sets the counters to zero.
  func resetCounts() { for session in sessions { session.resetCounts() } }

  /// Calls `body` with every window, in no order, and returns when all calls have.
  func perform(_ windows: Range<Int>, _ thresholds: [Float], _ body: (Session, Int) -> Void) throws {
    for session in sessions {
      for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    }
    let next = Atomic(windows.lowerBound)
    let isBroken = Atomic(false)
    // The calls are over when this returns, and what they share is theirs to share.
    nonisolated(unsafe) let (sessions, isStopped, body) = (sessions, isStopped, body)
    DispatchQueue.concurrentPerform(iterations: sessions.count) { worker in
      while !isBroken.load(ordering: .relaxed) {
        let window = next.add(1, ordering: .relaxed).oldValue
        guard window < windows.upperBound else { return }
        if isStopped() { return isBroken.store(true, ordering: .relaxed) }
        body(sessions[worker], window)
      }
    }
    if isBroken.load(ordering: .relaxed) { throw CalibrationStop() }
  }
}
