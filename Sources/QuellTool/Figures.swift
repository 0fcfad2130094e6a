import Foundation

/// A fraction for people.
struct Percentage: CustomStringConvertible {
  private let fraction: Double

  init(_ fraction: Double) { self.fraction = fraction }

  var description: String { "\(Figures.fixed(100 * fraction, 1)) %" }
}

/// Numbers for people.
enum Figures {
  /// With a fixed number of decimals.
  static func fixed(_ number: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", number) }

  /// With its sign and a fixed number of decimals.
  static func signed(_ number: Double, _ decimals: Int) -> String { String(format: "%+.\(decimals)f", number) }

  /// With three significant digits, or as many as stand before the point.
  static func short(_ number: Double) -> String {
    guard number > 0, number.isFinite else { return fixed(number, 0) }
    return fixed(number, max(0, 2 - Int(log10(number).rounded(.down))))
  }

  /// A count in thousands, millions and so on.
  static func count(_ number: Double) -> String {
    for (unit, name) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")] where number >= unit {
      return short(number / unit) + name
    }
    return short(number)
  }

  /// Bytes in kB, MB and so on, of a thousand each.
  static func bytes(_ number: Int) -> String { number < 1000 ? "\(number) B" : count(Double(number)) + "B" }
}
