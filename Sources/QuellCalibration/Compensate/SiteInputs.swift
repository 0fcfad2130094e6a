/// What the vectors of a site are like, from a sample of them: one in each row.
struct SiteInputs {
  /// How many magnitudes a quantile is taken of.
  private static let mostMagnitudes = 1 << 18
  /// How many numbers of a channel its centre is found from.
  private static let mostSamples = 4096

  let vectors: Matrix

  init(_ vectors: Matrix) { self.vectors = vectors }

  /// Vectors that lie one after the other in each of several arrays.
  init(_ numbers: [[Float]], length: Int) {
    vectors = Matrix(rows: numbers.reduce(0) { $0 + $1.count / length }, columns: length)
    var place = vectors.numbers
    for part in numbers {
      place.update(from: part, count: part.count)
      place += part.count
    }
  }

  /// At most so many of the vectors, spread evenly.
  func sample(_ count: Int) -> SiteInputs {
    guard vectors.rows > count else { return self }
    let result = Matrix(rows: count, columns: vectors.columns)
    for row in 0..<count { result.row(row).update(from: vectors.row(row * vectors.rows / count), count: vectors.columns) }
    return SiteInputs(result)
  }

  /// For each channel the middle of the shortest interval that holds a fraction of its numbers: where they crowd, fewest are far away.
  ///
  /// Thresholds around the mode: SCAP, arXiv 2412.07174.
  func modes(holding fraction: Double) -> [Float] {
    let step = max(vectors.rows / SiteInputs.mostSamples, 1)
    return (0..<vectors.columns).map { channel in
      let sorted = stride(from: 0, to: vectors.rows, by: step).map { vectors[$0, channel] }.sorted()
      guard let last = sorted.last else { return 0 }
      let span = min(Int(fraction * Double(sorted.count)), sorted.count - 1)
      var (best, width) = (0, Float.infinity)
      for first in 0..<(sorted.count - span) where sorted[first + span] - sorted[first] < width {
        (best, width) = (first, sorted[first + span] - sorted[first])
      }
      return width.isFinite ? (sorted[best] + sorted[best + span]) / 2 : last
    }
  }

  /// The magnitude, less the centre, that a fraction of all numbers does not exceed.
  func quantile(_ fraction: Double, around centre: [Float]?) -> Float {
    let step = max(vectors.rows * vectors.columns / SiteInputs.mostMagnitudes, 1)
    var magnitudes: [UInt32] = []
    for row in stride(from: 0, to: vectors.rows, by: step) {
      for channel in 0..<vectors.columns {
        magnitudes.append((vectors[row, channel] - (centre?[channel] ?? 0)).magnitude.bitPattern)
      }
    }
    guard !magnitudes.isEmpty else { return 0 }
    magnitudes.sort()
    let rank = Int((fraction * Double(magnitudes.count)).rounded(.up)) - 1
    return Float(bitPattern: magnitudes[min(max(rank, 0), magnitudes.count - 1)])
  }
}
