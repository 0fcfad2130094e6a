import Foundation
import Synchronization

/// Someone pressed Ctrl-C. Long work asks for it between two steps, and ends in good order; a second Ctrl-C ends the process at once.
struct Interruption: Error {
  private static let isRequestedFlag = Atomic<Bool>(false)

  /// Whether the work is to end.
  static var isRequested: Bool { isRequestedFlag.load(ordering: .relaxed) }

  /// Begins to watch for SIGINT. The flag is touched first, so that the handler never is the one to set it up.
  static func install() {
    guard !isRequested else { return }
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interruption.isRequestedFlag.store(true, ordering: .relaxed) }
    // The handler serves once; reads that it breaks off end with EINTR.
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
    sigaction(SIGINT, &action, nil)
  }

  /// Throws where the work is to end.
  static func check() throws {
    if isRequested { throw Interruption() }
  }
}
