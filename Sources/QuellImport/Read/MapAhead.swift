import Dispatch

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Maps the pages of files in their order while the graph is worked on, which takes one core: whoever reads the weights then does not
/// stop at every page. What is not in memory is read from the disk on the way.
final class MapAhead: Sendable {
  /// Little at a time: whoever asks the system for memory meanwhile waits until it is done.
  private static let step = 1 << 20

  private let stop = StopRequest()

  /// Begins with a file; ends with it, or when ``MapAhead`` goes away.
  func begin(_ file: MappedFile) {
    #if canImport(Glibc)
      DispatchQueue.global().async { [stop] in
        for place in stride(from: 0, to: file.bytes.count, by: MapAhead.step) {
          let start = UnsafeMutableRawPointer(mutating: file.bytes.baseAddress! + place)
          // Older kernels do not know it, and then the pages come one by one.
          let isKnown = madvise(start, min(MapAhead.step, file.bytes.count - place), MADV_POPULATE_READ) == 0
          guard isKnown, !stop.isMade else { return }
        }
      }
    #endif
  }

  deinit { stop.make() }
}
