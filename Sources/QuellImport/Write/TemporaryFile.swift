#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file under a name of its own, beside the one whose name it gets when it is complete.
package enum TemporaryFile {
  /// Makes one, open for writing. A descriptor below 0 says that it cannot be made, for the reason in `errno`.
  ///
  /// The name is drawn by lot. A process that was killed leaves its file behind, and in a container the next one has the same number.
  package static func make(beside path: String) -> (descriptor: Int32, path: String) {
    while true {
      let name = "\(path).\(String(UInt32.random(in: .min ... .max), radix: 16)).tmp"
      let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 || errno != EEXIST { return (descriptor, name) }
    }
  }
}
