#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that appears under its name only once it is complete.
///
/// It is written under a temporary name in the same folder and then renamed; unless finished it leaves nothing behind.
final class OutputFile {
  /// Bytes written so far.
  private(set) var count = 0
  private let path: String
  private let temporary: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 20

  init(path: String) throws(ImportFailure) {
    self.path = path
    temporary = "\(path).\(getpid()).tmp"
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw .unwritable("\(path) exists and is not a regular file.")
    }
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable("\(path) cannot be written: \(errorText()).") }
    buffer.reserveCapacity(OutputFile.bufferSize)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Appends bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(ImportFailure) {
    count += bytes.count
    if buffer.count + bytes.count <= OutputFile.bufferSize {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush()
    try put(bytes)
  }

  /// Appends bytes.
  func write(_ bytes: [UInt8]) throws(ImportFailure) {
    var failure: ImportFailure?
    bytes.withUnsafeBytes { bytes in
      do throws(ImportFailure) { try write(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Appends zeros up to a multiple of an alignment.
  func pad(to alignment: Int) throws(ImportFailure) {
    let rest = count % alignment
    if rest != 0 { try write([UInt8](repeating: 0, count: alignment - rest)) }
  }

  /// Gives the file its name, once `check` has found nothing against it under the temporary one.
  func finish(_ check: (String) throws(ImportFailure) -> Void) throws(ImportFailure) {
    try flush()
    try check(temporary)
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporary, path) == 0 else {
      let reason = errorText()
      unlink(temporary)
      throw .unwritable("\(path) cannot be written: \(reason).")
    }
  }

  private func flush() throws(ImportFailure) {
    guard !buffer.isEmpty else { return }
    let full = buffer
    buffer.removeAll(keepingCapacity: true)
    var failure: ImportFailure?
    full.withUnsafeBytes { bytes in
      do throws(ImportFailure) { try put(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(ImportFailure) {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #else
        let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw .unwritable("\(path) cannot be written: \(errorText()).") }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }
}
