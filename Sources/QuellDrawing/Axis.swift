/// A scale from 0 to a round number, with round numbers between.
public struct Axis: Sendable {
  /// The numbers to mark, 0 first and the end of the scale last.
  public let marks: [Double]
  private let decimals: Int

  /// A scale on which `greatest` has a place, with about `count` steps.
  public init(greatest: Double, count: Int = 5) {
    guard greatest > 0, greatest.isFinite else {
      (marks, decimals) = ([0, 1], 0)
      return
    }
    var power = 1.0
    var decimals = 0
    let rough = greatest / Double(count)
    while power * 10 <= rough { power *= 10 }
    while power > rough, decimals < 12 {
      power /= 10
      decimals += 1
    }
    let step = power * ([1, 2, 2.5, 5, 10].first { power * $0 >= rough } ?? 10)
    let steps = Int((greatest / step).rounded(.up))
    marks = (0...max(steps, 1)).map { Double($0) * step }
    self.decimals = decimals + (step == power * 2.5 ? 1 : 0)
  }

  /// The end of the scale.
  public var end: Double { marks[marks.count - 1] }

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
