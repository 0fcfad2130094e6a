import Quell

/// Measures how far a model goes from what it is with all thresholds at 0.
final class DivergenceMeasurement {
  private let evaluation: LayerwiseEvaluation
  /// The logarithms of the probabilities that the dense model gives, by window: those of a token after those of the one before.
  private var reference: [UnsafeMutableBufferPointer<Float>]

  /// Runs the dense model once.
  init(_ evaluation: LayerwiseEvaluation) throws {
    self.evaluation = evaluation
    let size = evaluation.model.vocabularySize
    reference = evaluation.windows.map { .allocate(capacity: ($0.count - 1) * size) }
    nonisolated(unsafe) let reference = reference
    _ = try evaluation.measureLogits { window, token, logits in
      let sum = Float(LogitMeasures.logarithmOfSum(logits))
      let place = reference[window].baseAddress! + token * size
      for index in 0..<size { place[index] = logits[index] - sum }
      return 0
    }
  }

  deinit { for window in reference { window.deallocate() } }

  /// The mean divergence over all tokens with the thresholds as they are, in nats.
  func divergence() throws -> Double {
    let size = evaluation.model.vocabularySize
    let reference = reference
    let sums = try evaluation.measureLogits { window, token, logits in
      LogitMeasures.divergence(from: UnsafeBufferPointer(rebasing: reference[window][token * size..<(token + 1) * size]), logits)
    }
    return sums.reduce(0, +) / Double(evaluation.tokenCount)
  }

  /// The sensitivity of a site that lies behind the cut, with all others as they are.
  func sensitivity(of site: Int) throws -> SiteSensitivity {
    let histogram = try evaluation.histogram(ofInputsOf: site)
    defer { evaluation.setThreshold(0, site: site) }
    return try SiteSensitivity(histogram) { theta in
      evaluation.setThreshold(theta, site: site)
      return try divergence()
    }
  }
}
