import Foundation

/// How fast one thread reads memory that no cache holds: what a decoder that touches every weight once hardly exceeds.
///
/// From front to back, and along several streams side by side: which is faster depends on the processor, and on who else uses its memory.
final class ReadBandwidth {
  /// Larger than the last-level caches of most processors.
  private static let byteCount = 512 << 20
  /// Where memory is read side by side, and how many bytes in each place in turn.
  private static let (streams, piece) = (6, 256)

  private let memory: UnsafeMutableRawPointer

  /// Takes the memory; nil where there is none.
  init?() {
    let memory = mmap(nil, ReadBandwidth.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { return nil }
    memset(memory, 1, ReadBandwidth.byteCount)
    self.memory = memory
  }

  deinit { munmap(memory, ReadBandwidth.byteCount) }

  /// Reads all of the memory in both ways. Bytes in a second, of the faster one.
  func measure() -> Double {
    max(read(streams: 1, piece: ReadBandwidth.byteCount), read(streams: ReadBandwidth.streams, piece: ReadBandwidth.piece))
  }

  private func read(streams: Int, piece: Int) -> Double {
    let start = ContinuousClock.now
    let pieces = ReadBandwidth.byteCount / streams / piece
    var found = 0
    for number in 0..<pieces {
      for stream in 0..<streams {
        // The search for a byte that is not there: libc's is written for the widest vectors that the processor has.
        if memchr(memory + (stream * pieces + number) * piece, 2, piece) != nil { found += 1 }
      }
    }
    // None is found, but what is asked for must be used.
    return Double(streams * pieces * piece - found) / (ContinuousClock.now - start).seconds
  }
}
