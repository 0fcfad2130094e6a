import Foundation

/// Files are mapped, not read. Where one becomes shorter meanwhile, the system has no bytes to give and says so by SIGBUS, in the middle
/// of an instruction that cannot be finished: the process ends, with a reason.
enum ShortenedFile {
  /// Begins to watch for it.
  static func install() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      let reason: StaticString = "quell: a file became shorter while it was read\n"
      _ = Foundation.write(STDERR_FILENO, reason.utf8Start, reason.utf8CodeUnitCount)
      _exit(ExitStatus.failed.rawValue)
    }
    sigaction(SIGBUS, &action, nil)
  }
}
