import RandomNumbers
import Testing

@testable import Quell

@Suite struct CostTests {
  /// The published figures of one block, d = 1024, of the 3B model: its sparsities weigh into 13 d² multiply-accumulates, and
  /// what the authors call dense skips the natural zeros of the channel-mix value.
  @Test func oneBlockCostsWhatThePosterSays() {
    let square = 1024.0 * 1024
    let timeMix = (1 - 0.6161) + (1 - 0.4865) + (1 - 0.4953) + (1 - 0.7371)
    let channelMix = 4 * (1 - 0.3856) + (1 - 0.5591) + 4 * (1 - 0.9372)
    var counts = OperationCounts()
    counts.tokens = 1
    counts.effectiveMACs = UInt64((timeMix + channelMix) * square)
    counts.denseMACs = UInt64((9 + 4 * (1 - 0.9302)) * square)
    let cost = CostEstimate(counts, on: .seneca)
    #expect(abs(cost.energy / 35.6 - 1) < 0.02)
    #expect(abs(cost.denseEnergy / 68.1 - 1) < 0.02)
    #expect(abs(cost.latency / 6.4 - 1) < 0.02)
    #expect(abs(cost.denseLatency / 12.1 - 1) < 0.02)
  }

  @Test func theHeadIsPricedAndTokensAreAveraged() {
    var counts = OperationCounts()
    counts.tokens = 4
    counts.effectiveMACs = 1_000_000
    counts.headEffectiveMACs = 3_000_000
    counts.denseMACs = 2_000_000
    counts.headDenseMACs = 6_000_000
    let cost = CostEstimate(counts, on: .seneca)
    #expect(abs(cost.energy - 7.04) < 1e-9)
    #expect(abs(cost.latency - 1.25) < 1e-9)
    #expect(abs(cost.denseEnergy - 14.08) < 1e-9)
    #expect(CostEstimate(OperationCounts(), on: .seneca).energy == 0)
    #expect(counts.activationSparsity == 0.5)
  }
}

@Suite struct ActivationStatisticsTests {
  private func statistics(_ numbers: [Float], _ body: (ActivationStatistics) -> Void) {
    let memory = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: ActivationStatistics.counterCount(sites: 2))
    defer { memory.deallocate() }
    memory.initialize(repeating: 0)
    let statistics = ActivationStatistics(memory, sites: 2)
    statistics.add(numbers, count: numbers.count, site: 1)
    body(statistics)
  }

  @Test func quantilesAreThoseOfTheSortedMagnitudes() {
    var random = SplitMix(state: 3)
    let numbers = (0..<20_000).map { _ in random.nextFloat() * random.nextFloat() * 5 }
    let sorted = numbers.map(abs).sorted()
    statistics(numbers) { statistics in
      for fraction in [0.05, 0.25, 0.5, 0.63, 0.9, 0.99] {
        let exact = sorted[Int(fraction * Double(sorted.count))]
        #expect(abs(statistics.quantile(fraction, site: 1) / exact - 1) < 0.01)
      }
      #expect(statistics.quantile(0.5, site: 0) == 0)
    }
  }

  @Test func zerosHaveABinOfTheirOwn() {
    statistics([Float](repeating: 0, count: 70) + (1...30).map { Float($0) }) { statistics in
      #expect(statistics.zeroFraction(site: 1) == 0.7)
      #expect(statistics.quantile(0.69, site: 1) == 0)
      #expect(statistics.quantile(0.72, site: 1) > 0.9)
      #expect(statistics.zeroFraction(site: 0) == 0)
    }
  }
}
