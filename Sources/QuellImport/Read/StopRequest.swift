import Synchronization

/// Tells work that goes on by itself, which nobody waits for, that it is not wanted any more.
final class StopRequest: Sendable {
  private let flag = Atomic(false)

  var isMade: Bool { flag.load(ordering: .relaxed) }

  func make() { flag.store(true, ordering: .relaxed) }
}
