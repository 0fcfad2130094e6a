import Foundation

@testable import Quell

extension InstructionSet {
  /// Those whose kernels can run here.
  static var available: [InstructionSet] { [.portable, .avx2, .avx512].filter(\.isAvailable) }
}

/// Bytes that end where readable memory ends: reading past them is fatal.
final class GuardedBytes {
  let start: UnsafeRawPointer
  private let pages: UnsafeMutableRawPointer
  private let size: Int

  init(_ data: Data) {
    let page = Int(getpagesize())
    let readable = (data.count + page - 1) / page * page
    size = readable + page
    pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let first = pages + readable - data.count
    data.copyBytes(to: UnsafeMutableRawBufferPointer(start: first, count: data.count))
    mprotect(pages + readable, page, PROT_NONE)
    start = UnsafeRawPointer(first)
  }

  deinit { munmap(pages, size) }
}
