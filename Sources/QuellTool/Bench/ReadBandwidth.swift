import Foundation

/// How fast one thread reads memory that no cache holds: what a decoder that touches every weight once cannot exceed.
final class ReadBandwidth {
  /// Larger than the last-level caches of most processors.
  private static let byteCount = 512 << 20
  /// Places that are read side by side, and how many bytes of each in turn: processors follow some streams faster than one.
  private static let (streams, piece) = (4, 1024)

  private let memory: UnsafeMutableRawPointer
  /// Bytes in a second, the best pass so far.
  private(set) var best = 0.0

  /// Takes the memory; nil where there is none.
  init?() {
    let memory = mmap(nil, ReadBandwidth.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { return nil }
    memset(memory, 1, ReadBandwidth.byteCount)
    self.memory = memory
  }

  deinit { munmap(memory, ReadBandwidth.byteCount) }

  /// Reads all of the memory once.
  func measure() {
    let start = ContinuousClock.now
    let length = ReadBandwidth.byteCount / ReadBandwidth.streams
    var isFound = false
    for offset in stride(from: 0, to: length, by: ReadBandwidth.piece) {
      for stream in 0..<ReadBandwidth.streams {
        // The search for a byte that is not there: libc's is written for the widest vectors that the processor has.
        isFound = isFound || memchr(memory + stream * length + offset, 2, ReadBandwidth.piece) != nil
      }
    }
    guard !isFound else { return }
    best = max(best, Double(ReadBandwidth.byteCount) / (ContinuousClock.now - start).seconds)
  }
}
