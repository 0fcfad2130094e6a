/// Histograms of the magnitudes at every site, from which quantiles are read.
///
/// A magnitude's bin is the front half of its float's bits: sign, exponent and 7 bits of fraction, so that bins are a hundredth
/// of their magnitude wide at every scale, and zero has one of its own. Exact counts, constant memory.
public struct ActivationStatistics {
  /// Bins of a site: the finite, non-negative 16-bit prefixes, and one for infinity and NaN.
  static let binCount = 0x7f81

  private let bins: UnsafeMutablePointer<UInt32>
  private let sites: Int

  /// How many counters the statistics of that many sites take.
  public static func counterCount(sites: Int) -> Int { sites * binCount }

  /// Bytes that they take.
  static func byteCount(sites: Int) -> Int { counterCount(sites: sites) * MemoryLayout<UInt32>.stride }

  /// Statistics over memory for ``counterCount(sites:)`` counters that are zero, which must outlive them.
  public init(_ counters: UnsafeMutableBufferPointer<UInt32>, sites: Int) {
    precondition(counters.count >= ActivationStatistics.counterCount(sites: sites))
    bins = counters.baseAddress!
    self.sites = sites
  }

  /// Whether no site has seen anything.
  var isEmpty: Bool {
    for bin in 0..<sites * ActivationStatistics.binCount where bins[bin] > 0 { return false }
    return true
  }

  /// Whether the site has seen infinity or NaN.
  func hasSeenNoNumber(site: Int) -> Bool { bins[(site + 1) * ActivationStatistics.binCount - 1] > 0 }

  func add(_ source: UnsafePointer<Float>, count: Int, site: Int) {
    let row = bins + site * ActivationStatistics.binCount
    for index in 0..<count {
      let bin = min(Int((source[index].bitPattern & 0x7fff_ffff) &>> 16), ActivationStatistics.binCount - 1)
      row[bin] &+= 1
    }
  }

  /// The magnitude that a fraction of all magnitudes at the site does not exceed; linear within a bin. 0 where nothing was seen.
  public func quantile(_ fraction: Double, site: Int) -> Float {
    let row = bins + site * ActivationStatistics.binCount
    var total = 0.0
    for bin in 0..<ActivationStatistics.binCount { total += Double(row[bin]) }
    guard total > 0 else { return 0 }
    let wanted = fraction * total
    var below = 0.0
    for bin in 0..<ActivationStatistics.binCount - 1 where row[bin] > 0 {
      let inside = Double(row[bin])
      if below + inside >= wanted {
        guard bin > 0 else { return 0 }
        let low = Float(bitPattern: UInt32(bin) &<< 16)
        let high = Float(bitPattern: UInt32(bin + 1) &<< 16)
        let share = max(0, (wanted - below) / inside)
        let value = low + Float(share) * (high - low)
        return value.isFinite ? value : low
      }
      below += inside
    }
    return Float.greatestFiniteMagnitude
  }

  /// The fraction of magnitudes at the site that are exactly zero.
  public func zeroFraction(site: Int) -> Double {
    let row = bins + site * ActivationStatistics.binCount
    var total = 0.0
    for bin in 0..<ActivationStatistics.binCount { total += Double(row[bin]) }
    // Subnormals below 2^-133 share the first bin with zero; no activation is that small and not zero.
    return total > 0 ? Double(row[0]) / total : 0
  }
}
