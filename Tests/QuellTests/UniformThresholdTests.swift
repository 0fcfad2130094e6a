import CQuell
import Testing

@testable import Quell

@Suite struct UniformThresholdTests {
  private struct SiteShape {
    var inputs: Int
    var outputs: Int
    var isHead = false
  }

  /// Solves for thresholds over sites that have seen the given numbers.
  private func solve(_ sparsity: Double, _ shapes: [SiteShape], seen: [[Float]], _ body: (UniformThresholds) -> Void) {
    let memory = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: ActivationStatistics.counterCount(sites: shapes.count))
    memory.initialize(repeating: 0)
    let sites = UnsafeMutableBufferPointer<Site>.allocate(capacity: shapes.count)
    defer {
      memory.deallocate()
      sites.deallocate()
    }
    let statistics = ActivationStatistics(memory, sites: shapes.count)
    let (empty, head) = ("" as StaticString, "head" as StaticString)
    for (index, shape) in shapes.enumerated() {
      let kind = shape.isHead ? head : empty
      var site = Site(
        name: UnsafeRawBufferPointer(start: nil, count: 0),
        kind: UnsafeRawBufferPointer(start: kind.utf8Start, count: kind.utf8CodeUnitCount), threshold: 0)
      site.inputs = shape.inputs
      site.outputs = shape.outputs
      sites.initializeElement(at: index, to: site)
      statistics.add(seen[index], count: seen[index].count, site: index)
    }
    body(UniformThresholds(sparsity: sparsity, statistics: statistics, sites: sites))
  }

  /// 1 to 100, of which the first `zeros` are silent.
  private func ramp(zeros: Int = 0) -> [Float] { (1...100).map { $0 <= zeros ? 0 : Float($0) } }

  @Test func withoutNaturalZerosTheQuantileIsTheSparsity() {
    solve(0.4, [SiteShape(inputs: 4, outputs: 4), SiteShape(inputs: 4, outputs: 16)], seen: [ramp(), ramp()]) { uniform in
      #expect(uniform.quantile == 0.4)
      // Bins are a hundredth wide at most.
      #expect(abs(uniform.threshold(site: 0) / 40 - 1) < 0.02)
      #expect(abs(uniform.threshold(site: 1) / 40 - 1) < 0.02)
    }
  }

  /// By hand: weights 1 and 3, the second site 90 % zero by itself. Sparsity 0.75 of 4 is 3 = q + 3 * 0.9, so q = 0.3.
  @Test func naturalZerosCountAndKeepTheirSiteDense() {
    solve(0.75, [SiteShape(inputs: 2, outputs: 5), SiteShape(inputs: 6, outputs: 5)], seen: [ramp(), ramp(zeros: 90)]) { uniform in
      #expect(abs(uniform.quantile - 0.3) < 1e-12)
      #expect(abs(uniform.threshold(site: 0) / 30 - 1) < 0.02)
      #expect(uniform.threshold(site: 1) == 0)
    }
  }

  /// Beyond the natural zeros of a site it takes part: 0.95 of both.
  @Test func aHighSparsityReachesEverySite() {
    solve(0.95, [SiteShape(inputs: 2, outputs: 5), SiteShape(inputs: 6, outputs: 5)], seen: [ramp(), ramp(zeros: 90)]) { uniform in
      #expect(uniform.quantile == 0.95)
      #expect(abs(uniform.threshold(site: 1) / 95 - 1) < 0.02)
    }
  }

  /// Natural sparsity is 3 * 0.9 / 4 = 0.675.
  @Test(arguments: [0, 0.5, 0.675]) func lessThanNaturalSparsityTakesNothing(sparsity: Double) {
    solve(sparsity, [SiteShape(inputs: 2, outputs: 5), SiteShape(inputs: 6, outputs: 5)], seen: [ramp(), ramp(zeros: 90)]) { uniform in
      #expect(abs(uniform.quantile) < 1e-12)
      #expect(uniform.threshold(site: 0) == 0)
      #expect(uniform.threshold(site: 1) == 0)
    }
  }

  @Test func theHeadHasNoPart() {
    solve(0.4, [SiteShape(inputs: 4, outputs: 4), SiteShape(inputs: 4, outputs: 9999, isHead: true)], seen: [ramp(), ramp(zeros: 99)]) {
      #expect($0.quantile == 0.4)
    }
  }

  /// Many sites with many different natural sparsities: the equation holds at the solution.
  @Test(arguments: [0.3, 0.55, 0.63, 0.8, 0.97]) func theSitesTogetherSkipWhatIsAsked(sparsity: Double) {
    let shapes = (0..<40).map { SiteShape(inputs: 1 + $0 % 7, outputs: 1 + $0 % 5) }
    let zeros = (0..<40).map { ($0 * 37) % 90 }
    solve(sparsity, shapes, seen: zeros.map { ramp(zeros: $0) }) { uniform in
      var (skipped, total) = (0.0, 0.0)
      for (shape, zeros) in zip(shapes, zeros) {
        let weight = Double(shape.inputs * shape.outputs)
        skipped += weight * max(uniform.quantile, Double(zeros) / 100)
        total += weight
      }
      let natural = zip(shapes, zeros).reduce(0) { $0 + Double($1.0.inputs * $1.0.outputs * $1.1) / 100 } / total
      #expect(abs(skipped / total - max(sparsity, natural)) < 1e-12)
    }
  }

  @Test func aSessionSetsThemFromWhatItSaw() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    #expect(throws: Failure.self) { try session.setThresholds(sparsity: 0.5) }
    _ = session.collectStatistics()
    for token in [3, 0, 10, 7, 7, 1, 2] as [UInt32] { try session.step(token) }
    for sparsity in [-0.1, 1.1, .nan] { #expect(throws: Failure.self) { try session.setThresholds(sparsity: sparsity) } }
    let quantile = try session.setThresholds(sparsity: 0.7)
    #expect(quantile > 0 && quantile <= 0.7)
    #expect(session.thresholds[3] == 0)
    // On the same tokens, about that much is skipped. With so few numbers one is worth a percent.
    session.reset()
    session.resetCounts()
    for token in [3, 0, 10, 7, 7, 1, 2] as [UInt32] { try session.step(token) }
    #expect(abs(session.counts.activationSparsity - 0.7) < 0.1)
  }
}
