import RandomNumbers
import Testing

@testable import Quell

/// A text may be taken in any pieces, by any kind of session, with states that are saved and gone on from in between: not a bit differs
/// from one step after the other.
@Suite struct PathTests {
  private static let length = TinyModel.context

  /// A session of some kind of the same instructions.
  private func session(_ model: Model, _ instructionSet: InstructionSet, _ random: inout SplitMix) throws -> Session {
    let session = try Session(
      model, threads: Int.random(in: 1...3, using: &random), batch: Int.random(in: 1...5, using: &random),
      instructionSet: instructionSet, countsWork: Bool.random(using: &random))
    for site in model.sites.indices { try session.setThreshold(0.1, site: site) }
    return session
  }

  @Test(arguments: WeightFormat.allCases, InstructionSet.available)
  func everyWayThroughATextGivesTheSameBits(format: WeightFormat, instructionSet: InstructionSet) throws {
    let (model, bytes) = try openTiny(TinyModel(format: format))
    defer { withExtendedLifetime(bytes) {} }
    var random = SplitMix(state: 9)
    for _ in 0..<12 {
      let tokens = (0..<PathTests.length).map { _ in UInt32.random(in: 0..<UInt32(TinyModel.vocabulary), using: &random) }
      let steps = try Session(model, instructionSet: instructionSet)
      for site in model.sites.indices { try steps.setThreshold(0.1, site: site) }
      let expected = try tokens.map { token in
        try steps.step(token)
        return steps.logits.map(\.bitPattern)
      }
      var session = try session(model, instructionSet, &random)
      var taken = 0
      while taken < tokens.count {
        let piece = Array(tokens[taken..<Int.random(in: taken + 1...tokens.count, using: &random)])
        switch Int.random(in: 0..<4, using: &random) {
        case 0: for token in piece { try session.step(token) }
        case 1: try session.prefill(piece)
        case 2:
          try session.visitLogits(piece) { index, logits in #expect(logits.map(\.bitPattern) == expected[taken + index]) }
        default: _ = try session.score(piece, targets: piece)
        }
        taken += piece.count
        #expect(session.logits.map(\.bitPattern) == expected[taken - 1], "\(format) \(instructionSet) after \(taken) tokens")
        guard Bool.random(using: &random) else { continue }
        let saved = try session.save()
        session = try self.session(model, instructionSet, &random)
        try session.restore(saved)
      }
      #expect(try session.save() == steps.save())
    }
  }
}
