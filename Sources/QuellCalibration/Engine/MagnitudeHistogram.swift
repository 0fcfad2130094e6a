/// How many of the magnitudes at a site are of which size: exact counts in constant memory.
///
/// A magnitude's bin is the front half of its float's bits, of which 7 are fraction, so that bins are a hundredth of their magnitude wide
/// at every scale, and zero has one of its own.
public struct MagnitudeHistogram: Sendable {
  private static let binCount = 0x8000

  private var bins = [UInt32](repeating: 0, count: binCount)

  /// Adds the numbers of a vector.
  mutating func add(_ vector: UnsafeBufferPointer<Float>) {
    bins.withUnsafeMutableBufferPointer { bins in
      for number in vector { bins[Int((number.bitPattern & 0x7fff_ffff) &>> 16)] &+= 1 }
    }
  }

  /// Adds what another one counted.
  mutating func add(_ other: MagnitudeHistogram) {
    for bin in bins.indices { bins[bin] &+= other.bins[bin] }
  }

  /// The fraction of magnitudes that are zero.
  public var zeroFraction: Double { Double(bins[0]) / total }

  /// The magnitude that a fraction of all does not exceed, linear within a bin, and the energy below it: the sum of the squares of what
  /// does not exceed it, for each number that was added.
  public func quantile(_ fraction: Double) -> (magnitude: Float, energyBelow: Double) {
    let (wanted, total) = (fraction * total, total)
    var (below, energy) = (0.0, 0.0)
    for (bin, count) in bins.enumerated() where count > 0 {
      let (low, high) = MagnitudeHistogram.edges(bin)
      let square = Double(low + high) * Double(low + high) / 4
      let inside = Double(count)
      if below + inside >= wanted {
        guard bin > 0 else { return (0, 0) }
        let share = max(0, (wanted - below) / inside)
        return (low + Float(share) * (high - low), (energy + share * inside * square) / total)
      }
      below += inside
      energy += inside * square
    }
    return (.greatestFiniteMagnitude, energy / max(total, 1))
  }

  private var total: Double { bins.reduce(0) { $0 + Double($1) } }

  private static func edges(_ bin: Int) -> (Float, Float) {
    guard bin > 0 else { return (0, 0) }
    let low = Float(bitPattern: UInt32(bin) << 16)
    let high = Float(bitPattern: UInt32(bin + 1) << 16)
    return (low, high.isFinite ? high : low)
  }
}
