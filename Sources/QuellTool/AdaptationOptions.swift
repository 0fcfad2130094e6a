import ArgumentParser
import Quell

/// Whether a session keeps a sparsity while it runs.
struct AdaptationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Keep this fraction of multiply-accumulates skipped while it runs, from the thresholds on.", valueName: "fraction"))
  var adapt: Float?

  @Option(help: ArgumentHelp("How fast --adapt follows the text, above 0 and at most 1. (default: 0.05)", valueName: "number"))
  var adaptRate: Float?

  func validate() throws {
    if let adapt, !(0...1).contains(adapt) { throw ValidationError("--adapt is a fraction from 0 to 1, such as 0.63") }
    if let adaptRate, !(adaptRate > 0 && adaptRate <= 1) { throw ValidationError("--adapt-rate is a number above 0 and at most 1") }
    if adaptRate != nil, adapt == nil { throw ValidationError("--adapt-rate belongs to --adapt") }
  }

  /// Makes a session adapt where that was asked for; its thresholds have been set.
  func apply(to session: Session) throws {
    guard let adapt else { return }
    try session.adapt(try adaptRate.map { try Adaptation(target: adapt, rate: $0) } ?? Adaptation(target: adapt))
  }
}
