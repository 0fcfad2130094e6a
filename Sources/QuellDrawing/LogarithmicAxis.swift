#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A scale on which equal factors are equally long, for numbers above 0.
public struct LogarithmicAxis: Sendable {
  /// The most numbers that are marked between powers of ten and at them.
  private static let mostMarks = 11
  /// Numbers around which there are powers of ten.
  private static let drawable = 1e-300...1e300

  /// The numbers to mark, the beginning of the scale first and its end last: 1, 2 and 5 times powers of ten, or where these are many the
  /// powers alone.
  public let marks: [Double]

  /// A scale on which everything from `least` to `greatest` has a place.
  public init(from least: Double, to greatest: Double) {
    guard LogarithmicAxis.drawable.contains(least), LogarithmicAxis.drawable.contains(greatest), greatest >= least else {
      marks = [0.1, 1]
      return
    }
    let powers = (Int(log10(least).rounded(.down))...Int(log10(greatest).rounded(.up)) + 1).map { pow(10, Double($0)) }
    let fine = LogarithmicAxis.enclosing(powers.flatMap { [$0, 2 * $0, 5 * $0] }, least, greatest)
    marks = fine.count <= LogarithmicAxis.mostMarks ? fine : LogarithmicAxis.enclosing(powers, least, greatest)
  }

  /// The numbers from the last that is not above `least` to the first that is not below `greatest`, rounding apart.
  private static func enclosing(_ numbers: [Double], _ least: Double, _ greatest: Double) -> [Double] {
    let first = numbers.lastIndex { $0 <= least * (1 + 1e-9) } ?? 0
    let last = numbers.firstIndex { $0 >= greatest * (1 - 1e-9) } ?? numbers.count - 1
    return Array(numbers[first...max(last, first + 1)])
  }

  /// Where a number has its place: 0 at the beginning of the scale, 1 at its end. What is less than the beginning is there, too.
  public func place(_ number: Double) -> Double {
    number > marks[0] ? log(number / marks[0]) / log(marks[marks.count - 1] / marks[0]) : 0
  }

  /// What stands at a mark: no more decimals than it needs.
  public func label(_ mark: Double) -> String { Axis.text(mark, decimals: max(0, -Int((log10(mark) + 1e-9).rounded(.down)))) }
}
