import Foundation

/// Standard output has been closed by its reader, as `head` does: nothing is wrong and nobody listens.
struct ClosedOutput: Error {}

/// Standard output, where results go.
enum StandardOutput {
  /// Writes text at once.
  static func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Writes bytes at once.
  static func write(_ bytes: [UInt8]) throws {
    var start = 0
    while start < bytes.count {
      let written = bytes.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress! + start, bytes.count - start) }
      guard written < 0 else {
        start += written
        continue
      }
      switch errno {
      case EINTR: continue
      case EPIPE: throw ClosedOutput()
      default: throw CommandFailure(.failed, "cannot write to standard output: \(SystemReason.text)")
      }
    }
  }
}

/// Standard error, where progress, notes and failures go.
enum StandardError {
  /// Whether someone watches.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Writes text; a failure to do so is of no use to anyone.
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, bytes.count) }
  }

  /// Writes a line about something that is no failure.
  static func note(_ text: String) { write("quell: \(text)\n") }
}

/// The system's words for what went wrong last.
enum SystemReason {
  static var text: String { String(cString: strerror(errno)) }
}
