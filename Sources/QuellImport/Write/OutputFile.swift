import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that appears under its name only once it is complete.
///
/// It is written under a temporary name in the same folder and then renamed; unless finished it leaves nothing behind.
final class OutputFile: @unchecked Sendable {
  /// How much is written at a time: as much as the system easily finds room for in one piece, though its memory be full of files.
  private static let piece = 256 << 10

  private let path: String
  private let temporary: String
  private var descriptor: Int32
  private let blocks = BlockPool()
  /// Where blocks are written, one after the other.
  private let writing = DispatchQueue(label: "quell.writing")
  private let failure = Mutex<ImportFailure?>(nil)

  /// Begins a file of so many bytes, all zero.
  init(path: String, count: Int) throws(ImportFailure) {
    self.path = path
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw .unwritable("\(path) exists and is not a regular file.")
    }
    (descriptor, temporary) = TemporaryFile.make(beside: path)
    guard descriptor >= 0, ftruncate(descriptor, off_t(count)) == 0 else { throw unwritable() }
    try reserve(count)
  }

  /// Takes the file's room on the disk at once, which is faster than page by page and tells early where there is too little.
  private func reserve(_ count: Int) throws(ImportFailure) {
    #if canImport(Glibc)
      // Not every file system can.
      errno = posix_fallocate(descriptor, 0, off_t(count))
      if errno == ENOSPC || errno == EFBIG { throw unwritable() }
    #endif
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Writes bytes at a place; may be called by several threads at once.
  func write(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(ImportFailure) {
    var done = 0
    while done < bytes.count {
      let rest = OutputFile.piece - (place + done) % OutputFile.piece
      let written = pwrite(descriptor, bytes.baseAddress! + done, min(bytes.count - done, rest), off_t(place + done))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw unwritable() }
      done += written
    }
  }

  /// Writes bytes at a place.
  func write(_ bytes: [UInt8], at place: Int) throws(ImportFailure) {
    var failure: ImportFailure?
    bytes.withUnsafeBytes { bytes in
      do throws(ImportFailure) { try write(bytes, at: place) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// A block of memory to be written; waits while too many are on their way.
  func block(_ count: Int) -> BlockPool.Block { blocks.take(count) }

  /// Writes a block at a place while the caller goes on: file systems let one write to a file go on at a time, so that others had
  /// better make what comes next. What goes wrong is thrown later.
  func write(_ block: BlockPool.Block, at place: Int) throws(ImportFailure) {
    if let failure = failure.withLock({ $0 }) { throw failure }
    writing.async { [self] in
      do throws(ImportFailure) {
        try write(UnsafeRawBufferPointer(block.bytes), at: place)
      } catch {
        failure.withLock { $0 = error }
      }
    }
  }

  /// Waits until all blocks have been written.
  func settle() throws(ImportFailure) {
    writing.sync {}
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// Gives the file its name, once `check` has found nothing against it under the temporary one.
  func finish(_ check: (String) throws(ImportFailure) -> Void) throws(ImportFailure) {
    try settle()
    try check(temporary)
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporary, path) == 0 else {
      let failure = unwritable()
      unlink(temporary)
      throw failure
    }
  }

  private func unwritable() -> ImportFailure { .unwritable("\(path) cannot be written: \(errorText()).") }
}
