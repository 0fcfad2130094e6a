import Foundation

/// One line on a terminal that tells how far a long task is and how much longer it takes. Silent where standard error is a file or a pipe.
struct Progress {
  /// What a task is counted in.
  enum Unit {
    /// Steps, of which nobody wants to know how many there are in a second.
    case steps
    case bytes
  }

  private static let interval = 0.2
  private static let width = 24

  private let task: String
  private let unit: Unit
  private var start: ContinuousClock.Instant?
  /// What had been done when the clock was started: a task may go on from where an earlier one ended.
  private var startFraction: Double?
  private var lastShown = ContinuousClock.now
  private var isShown = false

  /// Progress of a task, nothing of which has been done.
  init(_ task: String, in unit: Unit = .steps) {
    self.task = task
    self.unit = unit
  }

  /// Shows how much is done, a few times a second at most. The first call with a total starts the clock.
  mutating func update(_ done: Int, of total: Int) {
    guard total > 0, StandardError.isTerminal else { return }
    let now = ContinuousClock.now
    let start = self.start ?? now
    self.start = start
    guard done > 0, (now - lastShown).seconds >= Progress.interval else { return }
    lastShown = now
    isShown = true
    StandardError.write("\r" + line(done, total, (now - start).seconds) + "\u{1b}[K")
  }

  /// Shows the fraction that is done, and what is being done, a few times a second at most. The first call starts the clock.
  mutating func update(_ fraction: Double, _ detail: String) {
    guard StandardError.isTerminal else { return }
    let now = ContinuousClock.now
    let start = self.start ?? now
    let startFraction = self.startFraction ?? fraction
    (self.start, self.startFraction) = (start, startFraction)
    guard (now - lastShown).seconds >= Progress.interval else { return }
    lastShown = now
    isShown = true
    let done = fraction - startFraction
    let left = done > 0 ? ", \(Int(((now - start).seconds / done * (1 - fraction)).rounded(.up))) s left" : ""
    StandardError.write("\r\(task) [\(Progress.bar(fraction))] \(Int(100 * fraction)) %, \(detail)\(left)\u{1b}[K")
  }

  /// Clears the line.
  mutating func finish() {
    if isShown { StandardError.write("\r\u{1b}[K") }
    isShown = false
  }

  private func line(_ done: Int, _ total: Int, _ seconds: Double) -> String {
    let rate = unit == .bytes && seconds > 0 ? ", \(Int(Double(done) / seconds / 1e6)) MB/s" : ""
    let left = Int((seconds / Double(done) * Double(total - done)).rounded(.up))
    return "\(task) [\(Progress.bar(Double(done) / Double(total)))] \(100 * done / total) %\(rate), \(left) s left"
  }

  private static func bar(_ fraction: Double) -> String {
    let cells = min(Int(Double(width) * fraction), width)
    return String(repeating: "#", count: cells) + String(repeating: "-", count: width - cells)
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
