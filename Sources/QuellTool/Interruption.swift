import Foundation
import Synchronization

/// Someone pressed Ctrl-C, or asked the process to end. Long work asks for it between two steps, and ends in good order; a second
/// Ctrl-C ends the process at once.
struct Interruption: Error {
  private static let signal = Atomic<Int32>(0)

  /// Whether the work is to end.
  static var isRequested: Bool { signal.load(ordering: .relaxed) != 0 }

  /// Whether it was SIGTERM that asked for it.
  static var isTermination: Bool { signal.load(ordering: .relaxed) == SIGTERM }

  /// Begins to watch for SIGINT and SIGTERM. The flag is touched first, so that the handler never is the one to set it up.
  static func install() {
    guard !isRequested else { return }
    // A program that starts this one from a thread of its own may have handed down a mask that blocks the signals.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { Interruption.signal.store($0, ordering: .relaxed) }
      // The handler serves once; reads that it breaks off end with EINTR.
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      sigaction(number, &action, nil)
      sigaddset(&signals, number)
    }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Throws where the work is to end.
  static func check() throws {
    if isRequested { throw Interruption() }
  }
}
