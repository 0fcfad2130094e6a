import Quell

/// Runs the tests of all settings in turns.
struct Bench {
  /// A test: how many tokens, and whether they are taken in one piece as a prompt is.
  struct Test {
    let tokens: Int
    let isPrompt: Bool

    var name: String { "\(isPrompt ? "pp" : "tg")\(tokens)" }
  }

  let settings: [BenchSession]
  let tests: [Test]
  let repetitions: Int
  /// Measured before every run, so that it meets the same noise.
  let bandwidth: ReadBandwidth?

  /// The samples of every setting and test; each is run once before, so that the first does not pay for reading the file.
  func run() throws -> [[BenchSeries]] {
    var series = settings.map { _ in tests.map { _ in BenchSeries() } }
    var progress = Progress("measuring")
    defer { progress.finish() }
    for round in 0...repetitions {
      for (index, setting) in settings.enumerated() {
        for (number, test) in tests.enumerated() {
          try Interruption.check()
          let tokens = RandomTokens.make(test.tokens, below: setting.session.model.vocabularySize)
          let bandwidth = bandwidth?.measure()
          let sample = try setting.run(tokens, inOnePiece: test.isPrompt, bandwidth: bandwidth)
          if round > 0 { series[index][number].add(sample) }
        }
        progress.update(round * settings.count + index + 1, of: (repetitions + 1) * settings.count)
      }
    }
    return series
  }
}
