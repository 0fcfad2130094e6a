import Foundation
import QuellImport

/// Reads whole files, and writes them so that they are there whole or not at all.
enum Files {
  /// The bytes of a file, or of a pipe such as /dev/stdin.
  static func read(_ path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw unreadable(path) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Foundation.read(file, &piece, piece.count)
      if count < 0 {
        try Interruption.check()
        if errno == EINTR { continue }
        throw unreadable(path)
      }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }

  /// Writes a file under a temporary name in the same folder, and gives it its own name when it is complete.
  static func write(_ bytes: Data, to path: String) throws {
    var status = stat()
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw CommandFailure(.failed, "cannot write '\(path)': it is not a regular file")
    }
    let (file, temporary) = TemporaryFile.make(beside: path)
    guard file >= 0 else { throw unwritable(path) }
    var isComplete = false
    defer { if !isComplete { unlink(temporary) } }
    var rest = bytes
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      guard written >= 0 || errno == EINTR else {
        let failure = unwritable(path)
        close(file)
        throw failure
      }
      rest = rest.dropFirst(max(0, written))
    }
    // Some file systems tell only now that there was no room.
    guard close(file) == 0, rename(temporary, path) == 0 else { throw unwritable(path) }
    isComplete = true
  }

  private static func unreadable(_ path: String) -> CommandFailure {
    CommandFailure(.failed, "cannot read '\(path)': \(SystemReason.text)")
  }

  private static func unwritable(_ path: String) -> CommandFailure {
    CommandFailure(.failed, "cannot write '\(path)': \(SystemReason.text)")
  }
}
