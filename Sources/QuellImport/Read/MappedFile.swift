#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A regular file, mapped read-only for as long as the object lives.
final class MappedFile: @unchecked Sendable {
  /// The path it was opened by.
  let path: String
  /// Its bytes.
  let bytes: UnsafeRawBufferPointer

  /// Maps the file at a path.
  ///
  /// Symbolic links are followed: the path is the caller's.
  convenience init(path: String) throws(ImportFailure) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable("\(path): \(errorText()).") }
    defer { close(descriptor) }
    try self.init(path: path, descriptor: descriptor)
  }

  /// Maps the file behind a descriptor, which the caller closes.
  init(path: String, descriptor: Int32) throws(ImportFailure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable("\(path): \(errorText()).") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable("\(path) is not a regular file.") }
    guard status.st_size > 0 else { throw .malformed("\(path) is empty.") }
    let count = Int(status.st_size)
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw .unreadable("\(path) could not be mapped: \(errorText()).")
    }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count)
  }
}

/// What the C library says of the call that failed last.
func errorText() -> String {
  String(cString: strerror(errno))
}
