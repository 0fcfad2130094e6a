/// A scale between round numbers, with round numbers between.
public struct Axis: Sendable {
  /// The numbers to mark, the beginning of the scale first and its end last.
  public let marks: [Double]
  private let decimals: Int

  /// A scale from 0 on which `greatest` has a place, with about `count` steps.
  public init(greatest: Double, count: Int = 5) { self.init(from: 0, to: greatest, count: count) }

  /// A scale on which everything from `least` to `greatest` has a place, with about `count` steps.
  public init(from least: Double, to greatest: Double, count: Int = 5) {
    guard greatest > least, (greatest - least).isFinite else {
      let start = least.isFinite ? least.rounded(.down) : 0
      (marks, decimals) = ([start, start + 1], 0)
      return
    }
    var power = 1.0
    var decimals = 0
    let rough = (greatest - least) / Double(count)
    while power * 10 <= rough { power *= 10 }
    while power > rough, decimals < 12 {
      power /= 10
      decimals += 1
    }
    let step = power * ([1, 2, 2.5, 5, 10].first { power * $0 >= rough } ?? 10)
    // Numbers that differ by less than a step can be too many steps from 0 to be counted.
    guard max(abs(least), abs(greatest)) / step < 1e15 else {
      (marks, self.decimals) = ([least, greatest], 0)
      return
    }
    let first = Int((least / step).rounded(.down))
    let last = Int((greatest / step).rounded(.up))
    marks = (first...max(last, first + 1)).map { Double($0) * step }
    self.decimals = decimals + (step == power * 2.5 ? 1 : 0)
  }

  /// The end of the scale.
  public var end: Double { marks[marks.count - 1] }

  /// Where a number has its place: 0 at the beginning of the scale, 1 at its end.
  public func place(_ number: Double) -> Double { (number - marks[0]) / (end - marks[0]) }

  /// What stands at a mark.
  public func label(_ mark: Double) -> String { Axis.text(mark, decimals: decimals) }

  /// A number with so many decimals.
  public static func text(_ number: Double, decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(number) * scale).rounded()
    guard scaled < 1e15 else { return "\(number)" }
    let digits = "\(Int(scaled))"
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
