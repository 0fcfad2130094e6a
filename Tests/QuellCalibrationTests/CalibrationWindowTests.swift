import Testing

@testable import QuellCalibration

@Suite struct CalibrationWindowTests {
  private let windows: [ArraySlice<UInt32>] = [10, 3, 10, 10, 2, 10, 10, 7, 10].map { [UInt32](repeating: 1, count: $0)[...] }

  @Test func allAreTakenWhereThereAreNoMore() {
    #expect(CalibrationWindows.spread(windows, tokens: 63).count == 9)
    #expect(CalibrationWindows.spread(windows, tokens: .max).count == 9)
  }

  @Test(arguments: [1, 9, 20, 40, 62]) func noMoreThanAskedForAreTaken(tokens: Int) {
    let spread = CalibrationWindows.spread(windows, tokens: tokens)
    let count = spread.reduce(0) { $0 + $1.count - 1 }
    #expect(count <= tokens && count > tokens - 10)
  }

  @Test func oneIsTakenWhateverItsLength() {
    #expect(CalibrationWindows.spread([windows[0], windows[2]], tokens: 3).count == 1)
  }

  @Test func theyLieOverTheWholeText() {
    let numbered = (0..<100).map { [UInt32($0), 0, 0][...] }
    let spread = CalibrationWindows.spread(numbered, tokens: 20)
    #expect(spread.map { $0.first! } == stride(from: 5, to: 100, by: 10).map { $0 })
  }
}
