import Foundation

/// One line on a terminal that tells how far a long task is and how much longer it takes. Silent where standard error is a file or a pipe.
struct Progress {
  private static let interval = 0.2

  private let task: String
  private let total: Int
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var isShown = false

  /// Progress of a task of `total` equal parts.
  init(_ task: String, total: Int) {
    self.task = task
    self.total = total
  }

  /// Shows how many parts are done, a few times a second at most.
  mutating func update(_ done: Int) {
    let now = ContinuousClock.now
    guard StandardError.isTerminal, (now - lastShown).seconds >= Progress.interval, done > 0, total > 0 else { return }
    lastShown = now
    isShown = true
    let left = (now - start).seconds / Double(done) * Double(total - done)
    StandardError.write("\r\(task): \(100 * done / total) %, \(Int(left.rounded(.up))) s left\u{1b}[K")
  }

  /// Clears the line.
  mutating func finish() {
    if isShown { StandardError.write("\r\u{1b}[K") }
    isShown = false
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
