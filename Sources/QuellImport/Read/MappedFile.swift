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
  /// Where it is to be found, and what the system said of it when it was mapped.
  private let place: String
  private let status: stat

  /// Maps the file at a path.
  ///
  /// Symbolic links are followed: the path is the caller's.
  convenience init(path: String) throws(ImportFailure) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable("\(path): \(errorText()).") }
    defer { close(descriptor) }
    try self.init(path: path, place: path, descriptor: descriptor)
  }

  /// Maps the file behind a descriptor, which the caller closes. Messages call it `path`; it lies at `place`.
  init(path: String, place: String, descriptor: Int32) throws(ImportFailure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable("\(path): \(errorText()).") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable("\(path) is not a regular file.") }
    guard status.st_size > 0 else { throw .malformed("\(path) is empty.") }
    let count = Int(status.st_size)
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw .unreadable("\(path) could not be mapped: \(errorText()).")
    }
    self.path = path
    self.place = place
    self.status = status
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  /// Refuses a file that was written to since it was mapped: what has been read of it may be of no file that ever was. One that was
  /// removed, or replaced by another, is still mapped as it was.
  func requireUnchanged() throws(ImportFailure) {
    var now = stat()
    guard stat(place, &now) == 0, now.st_dev == status.st_dev, now.st_ino == status.st_ino else { return }
    guard now.st_size == status.st_size, modified(now) == modified(status) else {
      throw .unreadable("\(path) changed while it was read.")
    }
  }

  /// The time of the last change, in nanoseconds.
  private func modified(_ status: stat) -> Int {
    #if canImport(Glibc)
      let time = status.st_mtim
    #else
      let time = status.st_mtimespec
    #endif
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count)
  }
}

/// What the C library says of the call that failed last.
func errorText() -> String {
  String(cString: strerror(errno))
}
