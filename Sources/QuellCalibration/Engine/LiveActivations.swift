/// What passes a cut of the program, for all tokens of all windows.
///
/// Each window has memory of its own, so that it can be given up as soon as the window has been taken further.
final class LiveActivations {
  /// The cut, as a number of units.
  let cut: Int
  private let ranges: [Range<Int>]
  /// Floats of one token.
  private let width: Int
  /// Not an array: different threads change different elements.
  private let windows: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>?>

  init(at cut: Int, _ ranges: [Range<Int>], windows: Int) {
    self.cut = cut
    self.ranges = ranges
    width = ranges.reduce(0) { $0 + $1.count }
    self.windows = .allocate(capacity: windows)
    self.windows.initialize(repeating: nil)
  }

  deinit {
    for memory in windows { memory?.deallocate() }
    windows.deallocate()
  }

  /// Makes room for a window of so many tokens. Different windows may be worked on by different threads.
  func reserve(_ window: Int, tokens: Int) {
    windows[window] = .allocate(capacity: max(tokens * width, 1))
  }

  /// Gives up what a window takes.
  func release(_ window: Int) {
    windows[window]?.deallocate()
    windows[window] = nil
  }

  /// Puts a token's floats into scratch memory.
  func restore(_ token: Int, of window: Int, to scratch: UnsafeMutablePointer<Float>) {
    guard width > 0, var source = windows[window].map({ $0 + token * width }) else { return }
    for range in ranges {
      (scratch + range.lowerBound).update(from: source, count: range.count)
      source += range.count
    }
  }

  /// Keeps a token's floats.
  func keep(_ token: Int, of window: Int, from scratch: UnsafeMutablePointer<Float>) {
    guard var place = windows[window].map({ $0 + token * width }) else { return }
    for range in ranges {
      place.update(from: scratch + range.lowerBound, count: range.count)
      place += range.count
    }
  }
}
