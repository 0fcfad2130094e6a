import ArgumentParser

/// Fractions in one argument: with commas between them, or from one to another in equal steps, as 0.4:0.8:0.1.
struct FractionRange: ExpressibleByArgument, Sendable {
  /// No range has more.
  private static let mostSteps = 1000

  let fractions: [Double]

  init?(argument: String) {
    let ends = argument.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 3 else {
      guard let list = NumberList<Double>(argument: argument) else { return nil }
      fractions = list.numbers
      return
    }
    guard let first = ends[0], let last = ends[1], let step = ends[2], step > 0, last >= first,
      (last - first) / step < Double(FractionRange.mostSteps)
    else { return nil }
    // A billionth is nearer than anyone means, and rounds away what adding up leaves.
    fractions = (0...Int((last - first) / step + 1e-6)).map { ((first + Double($0) * step) * 1e9).rounded() / 1e9 }
  }

  init(_ argument: String) { self.init(argument: argument)! }

  var defaultValueDescription: String { fractions.map { "\($0)" }.joined(separator: ",") }
}

/// Methods in one argument, with commas between them.
struct MethodList: ExpressibleByArgument, Sendable {
  let methods: [CalibrationMethod]

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    let methods = names.compactMap { CalibrationMethod(rawValue: String($0)) }
    guard methods.count == names.count, Set(methods).count == methods.count else { return nil }
    self.methods = methods
  }

  init(_ methods: [CalibrationMethod]) { self.methods = methods }

  var defaultValueDescription: String { methods.map(\.rawValue).joined(separator: ",") }
}
