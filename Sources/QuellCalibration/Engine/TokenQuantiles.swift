/// Quantiles of the magnitudes of a vector, one vector after another.
///
/// A quantile q of n numbers lies at the place (n - 1) q among them in ascending order, and is interpolated linearly between the two
/// beside it, as `torch.quantile` and `numpy.quantile` do.
struct TokenQuantiles {
  private let fractions: [Double]
  /// The sums of the quantiles over all vectors.
  private(set) var sums: [Double]
  private var sorted: [UInt32] = []
  private var other: [UInt32] = []

  init(_ fractions: [Double]) {
    self.fractions = fractions
    sums = Array(repeating: 0, count: fractions.count)
  }

  /// Adds the quantiles of a vector.
  mutating func add(_ vector: UnsafeBufferPointer<Float>) {
    let zeros = sort(vector)
    for (index, fraction) in fractions.enumerated() {
      let place = Double(vector.count - 1) * fraction
      let below = Int(place)
      let low = magnitude(below - zeros)
      let high = magnitude(min(below + 1, vector.count - 1) - zeros)
      sums[index] += low + (place - Double(below)) * (high - low)
    }
  }

  /// Puts the bits of all magnitudes but zeros in ascending order, and returns how many zeros there are.
  ///
  /// Magnitudes order like their bits. Eight bits of each are looked at at a time, the lowest first.
  private mutating func sort(_ vector: UnsafeBufferPointer<Float>) -> Int {
    sorted.removeAll(keepingCapacity: true)
    for number in vector where number != 0 { sorted.append(number.bitPattern & 0x7fff_ffff) }
    if other.count < sorted.count { other = Array(repeating: 0, count: vector.count) }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { starts in
      sorted.withUnsafeMutableBufferPointer { sorted in
        other.withUnsafeMutableBufferPointer { other in
          var (from, to) = (sorted.baseAddress, other.baseAddress)
          guard sorted.count > 1 else { return }
          for shift in stride(from: UInt32(0), to: 32, by: 8) {
            starts.initialize(repeating: 0)
            for index in 0..<sorted.count { starts[Int(from![index] &>> shift & 0xff)] &+= 1 }
            var start = 0
            for digit in 0..<256 { (starts[digit], start) = (start, start &+ starts[digit]) }
            for index in 0..<sorted.count {
              let digit = Int(from![index] &>> shift & 0xff)
              to![starts[digit]] = from![index]
              starts[digit] &+= 1
            }
            swap(&from, &to)
          }
        }
      }
    }
    return vector.count - sorted.count
  }

  /// The magnitude at a place after the zeros.
  private func magnitude(_ place: Int) -> Double { place < 0 ? 0 : Double(Float(bitPattern: sorted[place])) }
}
