import Foundation
import RandomNumbers
import Testing

@testable import Quell

private func sample(_ logits: [Float], _ options: SamplingOptions, count: Int) throws -> [UInt32] {
  var sampler = try Sampler(options)
  let candidates = UnsafeMutableBufferPointer<Candidate>.allocate(capacity: logits.count)
  defer { candidates.deallocate() }
  return try logits.withUnsafeBufferPointer { logits in
    try (0..<count).map { _ in try sampler.choose(logits, candidates) }
  }
}

private let logits: [Float] = [0.5, 2, -1, 2, 1, -30]

@Suite struct SamplerTests {
  @Test func greedyTakesTheFirstOfTheGreatest() throws {
    #expect(try sample(logits, SamplingOptions(), count: 2) == [1, 1])
    #expect(try sample([-.infinity, -3], SamplingOptions(), count: 1) == [1])
  }

  @Test func frequenciesAreTheSoftmax() throws {
    let draws = 40_000
    let tokens = try sample(logits, SamplingOptions(temperature: 0.8, seed: 7), count: draws)
    let weights = logits.map { exp(Double($0) / 0.8) }
    for token in logits.indices {
      let expected = weights[token] / weights.reduce(0, +)
      let seen = Double(tokens.filter { $0 == UInt32(token) }.count) / Double(draws)
      let deviation = (expected * (1 - expected) / Double(draws)).squareRoot()
      #expect(abs(seen - expected) <= 4 * deviation + 1e-9, "token \(token)")
    }
  }

  @Test func topKAndTopPCutTheTail() throws {
    #expect(Set(try sample(logits, SamplingOptions(temperature: 3, topK: 2, seed: 1), count: 500)) == [1, 3])
    #expect(Set(try sample(logits, SamplingOptions(temperature: 3, topK: 3, seed: 1), count: 500)) == [1, 3, 4])
    #expect(Set(try sample(logits, SamplingOptions(temperature: 3, topK: 100, seed: 1), count: 2000)) == [0, 1, 2, 3, 4])
    // At temperature 1 the probabilities are 0.36, 0.36, 0.13, 0.08, 0.02.
    #expect(Set(try sample(logits, SamplingOptions(temperature: 1, topP: 0.5, seed: 1), count: 500)) == [1, 3])
    #expect(Set(try sample(logits, SamplingOptions(temperature: 1, topP: 0.8, seed: 1), count: 500)) == [1, 3, 4])
    #expect(Set(try sample(logits, SamplingOptions(temperature: 1, topP: 1e-6, seed: 1), count: 50)) == [1])
    #expect(Set(try sample(logits, SamplingOptions(temperature: 1, topK: 1, seed: 3), count: 50)) == [1])
  }

  @Test func theSeedDecides() throws {
    let options = SamplingOptions(temperature: 1, topK: 4, topP: 0.95, seed: 42)
    let tokens = try sample(logits, options, count: 100)
    #expect(try sample(logits, options, count: 100) == tokens)
    var other = options
    other.seed = 43
    #expect(try sample(logits, other, count: 100) != tokens)
  }

  @Test func whatCannotBeSampledIsRefused() {
    #expect(throws: Failure.self) { try sample([0, .nan], SamplingOptions(), count: 1) }
    #expect(throws: Failure.self) { try sample([.infinity, 0], SamplingOptions(), count: 1) }
    #expect(throws: Failure.self) { try sample([-.infinity, -.infinity], SamplingOptions(), count: 1) }
    for options in [
      SamplingOptions(temperature: -1), SamplingOptions(temperature: .nan), SamplingOptions(topK: -1), SamplingOptions(topP: 0),
      SamplingOptions(topP: 1.5), SamplingOptions(topP: .nan),
    ] { #expect(throws: Failure.self) { try Sampler(options) } }
  }

  @Test(arguments: [1, 2, 3, 10, 100, 1000]) func theHeapSortsItsFront(size: Int) {
    var random = SplitMix(state: UInt64(size))
    let all = (0..<size).map { Candidate(token: UInt32($0), weight: Float(Int.random(in: 0..<size, using: &random))) }
    let sorted = all.sorted { $0.weight != $1.weight ? $0.weight > $1.weight : $0.token < $1.token }.map(\.token)
    for count in Set([0, 1, size / 2, size - 1, size]) {
      var candidates = all
      candidates.withUnsafeMutableBufferPointer { CandidateHeap.moveLikeliest(count, toFrontOf: $0) }
      #expect(Array(candidates.map(\.token)[..<count]) == Array(sorted[..<count]))
      #expect(Set(candidates.map(\.token)).count == size)
    }
  }
}
