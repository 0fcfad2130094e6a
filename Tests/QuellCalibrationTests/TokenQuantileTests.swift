import Testing

@testable import QuellCalibration

@Suite struct TokenQuantileTests {
  private func quantiles(_ fractions: [Double], _ vectors: [[Float]]) -> [Double] {
    var quantiles = TokenQuantiles(fractions)
    for vector in vectors { vector.withUnsafeBufferPointer { quantiles.add($0) } }
    return quantiles.sums
  }

  /// By hand: of 1, 2, 3, 7 the places 0, 1, 2, 3 are the fractions 0, 1/3, 2/3, 1.
  @Test func placesBetweenNumbersAreInterpolated() {
    let found = quantiles([0, 0.25, 0.5, 0.9, 1], [[-3, 1, 7, -2]])
    for (found, expected) in zip(found, [1, 1.75, 2.5, 5.8, 7]) { #expect(abs(found - expected) < 1e-12) }
  }

  @Test func zerosOfBothSignsAreTheSmallest() {
    #expect(quantiles([0, 0.25, 0.5, 0.75, 1], [[0, 4, -0.0, 0, -2]]) == [0, 0, 0, 2, 4])
    #expect(quantiles([0, 0.5, 1], [[0, 0, -0.0]]) == [0, 0, 0])
    #expect(quantiles([0.3], [[-5]]) == [5])
  }

  @Test func vectorsAreAddedUp() {
    #expect(quantiles([0.5], [[1, 2, 3], [10, 30, 20], [0, 0, 8]]) == [22])
  }

  /// Many magnitudes of every size, against sorting by comparison.
  @Test func manyNumbersAreSortedByMagnitude() {
    var state: UInt32 = 1
    let vector = (0..<1000).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(bitPattern: state & 0xbfff_ffff)
    }
    let sorted = vector.map { Double($0.magnitude) }.sorted()
    for index in [0, 1, 17, 500, 998, 999] {
      let found = quantiles([Double(index) / 999], [vector])[0]
      #expect(abs(found - sorted[index]) <= 1e-6 * sorted[index])
    }
  }
}
