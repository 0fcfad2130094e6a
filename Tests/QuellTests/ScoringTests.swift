import CQuell
import Foundation
import RandomNumbers
import Testing

@testable import Quell

private let tokens: [UInt32] = [3, 0, 10, 7, 7, 1, 2]

@Suite struct ScoringTests {
  /// ln of each probability, in double precision.
  private func logarithms(_ logits: [Double]) -> [Double] {
    let greatest = logits.max()!
    let sum = log(logits.reduce(0) { $0 + exp($1 - greatest) })
    return logits.map { $0 - greatest - sum }
  }

  @Test(arguments: [1, 2, 3, 7], [1, 2])
  func everyTokenHasItsScore(batch: Int, threads: Int) throws {
    let tiny = TinyModel()
    let (model, bytes) = try openTiny(tiny)
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model, threads: threads, batch: batch)
    let targets: [UInt32] = Array(tokens.dropFirst()) + [5]
    let scores = try session.score(tokens, targets: targets)
    for ((score, target), logits) in zip(zip(scores, targets), tiny.reference(tokens)) {
      #expect(abs(Double(score.logProbability) - logarithms(logits)[Int(target)]) < 2e-5)
      #expect(Int(score.greatest) == logits.indices.max { logits[$0] < logits[$1] })
    }
    // Not a bit differs from one step after the other.
    let stepped = try Session(model)
    for (token, (target, score)) in zip(tokens, zip(targets, scores)) {
      let place = try stepped.score([token], targets: [target])
      #expect(place == [score])
    }
    #expect(try session.save() == stepped.save())
    #expect(Array(session.logits) == Array(stepped.logits))
    #expect(session.counts == stepped.counts)
  }

  @Test func sumsOfExponentialsAreThoseOfDoublePrecision() {
    var random = SplitMix(state: 5)
    for count in [1, 7, 8, 9, 511, 513, 4096, 50_277] {
      for scale in [Float(0.1), 5, 80] {
        let numbers = (0..<count).map { _ in scale * random.nextFloat() }
        let greatest = numbers.max()!
        let sum = numbers.reduce(0) { $0 + exp(Double($1) - Double(greatest)) }
        let ours = numbers.withUnsafeBufferPointer { LogitSums.logarithmOfExponentials($0, greatest: greatest) }
        // A few units in the last place of the result.
        #expect(abs(Double(ours) - Double(greatest) - log(sum)) < 3e-7 * max(abs(Double(ours)), 8), "\(count) numbers up to \(scale)")
      }
    }
    let damaged: [Float] = [1, .nan, 2]
    #expect(damaged.withUnsafeBufferPointer { LogitSums.logarithmOfExponentials($0, greatest: 2) }.isNaN)
  }

  @Test func nullAndImpossibleArguments() {
    let model = CModel()
    let session = CSession(model)
    var scores = [quell_token_score](repeating: quell_token_score(), count: 2)
    #expect(Outcome { quell_session_score(session.handle, [1], nil, 1, &scores, $0) }.message == "the array of targets is null")
    #expect(Outcome { quell_session_score(session.handle, [1], [1], 1, nil, $0) }.message == "the array of scores is null")
    #expect(Outcome { quell_session_visit_logits(session.handle, [1], 1, nil, nil, $0) }.message == "the visitor is null")
    #expect(Outcome { quell_session_score(nil, [1], [1], 1, &scores, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(quell_session_score(session.handle, nil, nil, 0, nil, nil) == QUELL_OK)
    #expect(quell_session_position(session.handle) == 0)
    #expect(Outcome { quell_session_score(session.handle, [1, 1], [1, 11], 2, &scores, $0) }.status == QUELL_TOKEN_OUT_OF_RANGE)
    #expect(quell_session_position(session.handle) == 0)
    #expect(quell_model_fingerprint(nil) == 0 && quell_model_fingerprint(model.handle) != 0)
    #expect(quell_model_site_threshold(nil, 0) == 0 && quell_model_site_threshold(model.handle, 99) == 0)
  }

  @Test func theVisitorIsHandedWhatItsCallerGave() {
    final class Seen { var rows: [(index: UInt64, first: Float)] = [] }
    let model = CModel()
    let (session, stepped, seen) = (CSession(model), CSession(model), Seen())
    let user = Unmanaged.passUnretained(seen).toOpaque()
    let outcome = Outcome {
      quell_session_visit_logits(
        session.handle, tokens, UInt64(tokens.count),
        { index, logits, user in
          Unmanaged<Seen>.fromOpaque(user!).takeUnretainedValue().rows.append((index, logits![0]))
        }, user, $0)
    }
    #expect(outcome.status == QUELL_OK)
    #expect(seen.rows.map(\.index) == [0, 1, 2, 3, 4, 5, 6])
    for (token, row) in zip(tokens, seen.rows) {
      stepped.step(token)
      #expect(row.first == stepped.logits[0])
    }
  }
}
