import Quell

/// How quiet each site is to be, so that the sites together skip a fraction of their multiply-accumulates at the least cost in divergence
/// from the dense model.
///
/// Costs of sites are measured one by one and taken to add up. Where they are made convex, the cheapest way to any target is to go on
/// wherever the next multiply-accumulate costs least: one multiplier for all sites (the lower convex hull and its Lagrangian). The
/// vocabulary head has no part unless it is to take one.
public struct Allocation {
  /// Steps in which the fraction of a site goes from its natural one towards 1.
  private static let grid = stride(from: 0.0, through: 0.98, by: 0.02)

  /// A piece of a site's cost: so many more multiply-accumulates skipped, at a price for each.
  private struct Piece {
    let site: Int
    let macs: Double
    let price: Double
  }

  private let macs: [Double]
  /// The fraction of its inputs that each site skips by itself.
  let naturalFractions: [Double]
  /// The pieces of all sites, the cheapest first; those of one site are in order.
  private let pieces: [Piece]
  /// Whether the vocabulary head takes part, and its multiply-accumulates count.
  public let includesHead: Bool
  /// How many passes over all tokens of the calibration windows the measuring has cost, in multiply-accumulates.
  public let passes: Double

  /// Measures how sensitive the sites are.
  ///
  /// - Parameters:
  ///   - evaluation: At the front of the program, with all thresholds at 0; it is of no more use afterwards.
  ///   - includingHead: Whether the vocabulary head takes part.
  ///   - progress: Gets the name of the site that is measured and the fraction of the work that is done.
  public init(
    _ evaluation: LayerwiseEvaluation, includingHead: Bool = false, progress: (_ site: String, _ fraction: Double) -> Void
  ) throws {
    let sites = evaluation.model.sites
    let macs = sites.map { $0.isHead && !includingHead ? 0 : $0.macs }
    let measured = evaluation.model.sitesInOrder.filter { macs[$0] > 0 }
    let measurement = try DivergenceMeasurement(evaluation)
    var sensitivities: [Int: SiteSensitivity] = [:]
    let work = measured.map { evaluation.work(from: $0) }
    let total = work.reduce(0, +)
    var done = 0.0
    for (site, cost) in zip(measured, work) {
      progress(sites[site].name, done / total)
      try evaluation.advance(beforeFirstOf: [site])
      sensitivities[site] = try measurement.sensitivity(of: site)
      done += cost
    }
    self.init(
      sensitivities, macs, includesHead: includingHead, passes: 2 + total * Double(SiteSensitivity.measuredDensities.count))
  }

  init(_ sensitivities: [Int: SiteSensitivity], _ macs: [Double], includesHead: Bool = false, passes: Double) {
    self.macs = macs
    self.includesHead = includesHead
    self.passes = passes
    naturalFractions = macs.indices.map { sensitivities[$0]?.naturalFraction ?? 0 }
    var pieces: [Piece] = []
    for (site, sensitivity) in sensitivities {
      let natural = sensitivity.naturalFraction
      let curve = Allocation.grid.map { step in
        let fraction = natural + (1 - natural) * step
        return (x: macs[site] * fraction, y: sensitivity.divergence(fraction))
      }
      let hull = Allocation.lowerHull(curve)
      for (from, to) in zip(hull, hull.dropFirst()) where to.x > from.x {
        pieces.append(Piece(site: site, macs: to.x - from.x, price: (to.y - from.y) / (to.x - from.x)))
      }
    }
    self.pieces = pieces.sorted { ($0.price, $0.site) < ($1.price, $1.site) }
  }

  /// Multiply-accumulates of a token in all sites that take part.
  public var denseMACs: Double { macs.reduce(0, +) }

  /// The fraction that the sites skip by themselves.
  public var naturalSparsity: Double { zip(macs, naturalFractions).reduce(0) { $0 + $1.0 * $1.1 } / denseMACs }

  /// The fraction of each site's inputs that is to be quiet for a sparsity, 0 where what is quiet by itself is enough.
  public func fractions(sparsity: Double) -> [Double] {
    var taken = [Double](repeating: 0, count: macs.count)
    var missing = (sparsity - naturalSparsity) * denseMACs
    for piece in pieces where missing > 0 {
      let part = min(piece.macs, missing)
      taken[piece.site] += part
      missing -= part
    }
    return macs.indices.map { taken[$0] > 0 ? naturalFractions[$0] + taken[$0] / macs[$0] : 0 }
  }

  /// The sparsity at which the costs of the sites add up to a divergence from the dense model, in nats for each token.
  public func sparsity(divergence: Double) -> Double {
    var (skipped, missing) = (naturalSparsity * denseMACs, divergence)
    for piece in pieces where missing > 0 {
      let taken = piece.price > 0 ? min(piece.macs, missing / piece.price) : piece.macs
      skipped += taken
      missing -= taken * piece.price
    }
    return skipped / denseMACs
  }

  /// The divergence to which the costs of the sites add up at a sparsity.
  func divergence(sparsity: Double) -> Double {
    var missing = (sparsity - naturalSparsity) * denseMACs
    return pieces.reduce(0) { sum, piece in
      let part = min(piece.macs, max(missing, 0))
      missing -= part
      return sum + part * piece.price
    }
  }

  /// The points of a curve below which no line between two others passes.
  private static func lowerHull(_ curve: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    var hull: [(x: Double, y: Double)] = []
    for point in curve {
      while let last = hull.last, hull.count >= 2 {
        let before = hull[hull.count - 2]
        guard (last.y - before.y) * (point.x - last.x) >= (point.y - last.y) * (last.x - before.x) else { break }
        hull.removeLast()
      }
      hull.append(point)
    }
    return hull
  }
}
