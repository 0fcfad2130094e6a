#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What it costs to quieten a site: the divergence from the dense model, by the fraction of inputs that are quiet.
///
/// It is measured at a few fractions with every other site dense. Between them the logarithm of the divergence is linear in the
/// logarithm of the energy that is left out, and goes on so on either side.
struct SiteSensitivity {
  /// The fractions of its non-zero inputs that the site keeps where the divergence is measured.
  static let measuredDensities = [0.65, 0.4, 0.2]

  /// The magnitudes of the site's inputs in the dense model.
  let histogram: MagnitudeHistogram
  /// The fraction of its inputs that is quiet by itself.
  let naturalFraction: Double
  private let points: [(energy: Double, divergence: Double)]

  /// - Parameter divergence: Measures the divergence with a threshold at the site.
  init(_ histogram: MagnitudeHistogram, divergence: (Float) throws -> Double) rethrows {
    self.histogram = histogram
    let natural = histogram.zeroFraction
    naturalFraction = natural
    var points: [(energy: Double, divergence: Double)] = []
    for density in SiteSensitivity.measuredDensities where natural < 1 {
      let (theta, energy) = histogram.quantile(1 - density * (1 - natural))
      // What is too small to be measured counts as the least that can be.
      points.append((log(max(energy, 1e-30)), log(max(try divergence(theta), 1e-9))))
    }
    self.points = points
  }

  /// The divergence where a fraction of the inputs is quiet, in nats for each token.
  func divergence(_ fraction: Double) -> Double {
    let energy = histogram.quantile(fraction).energyBelow
    guard energy > 0, points.count > 1 else { return 0 }
    let place = log(energy)
    // The piece that the place lies in, or the nearest.
    let piece = points.indices.dropLast().last { points[$0].energy <= place } ?? 0
    let (low, high) = (points[piece], points[piece + 1])
    // A divergence is a square at the least where it begins: noise must not make it flat or steep.
    let slope = high.energy > low.energy ? min(max((high.divergence - low.divergence) / (high.energy - low.energy), 0.5), 4) : 1
    return exp(low.divergence + slope * (place - low.energy))
  }
}
