/// Matrices of random numbers of any size from one small store.
///
/// Row r of a matrix begins a fixed distance after row r - 1, so neighbouring rows overlap, shifted: nothing that a benchmark
/// measures can tell, and a model of 10 GB is made from 16 MB.
struct RandomMatrices {
  private static let storeCount = 4 << 20
  /// Uniform in ±0.05: a layer of a thousand inputs neither fades nor explodes.
  static let amplitude: Float = 0.05

  private let store: WeightSource
  /// The same numbers, a third of them each as -1, 0 and 1: what they are multiplied with stands beside such a matrix.
  private let ternary: WeightSource
  private var made = 0

  init() {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    store = WeightSource(name: "", count: RandomMatrices.storeCount) { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (Float(state >> 40) / Float(1 << 23) - 1) * RandomMatrices.amplitude
    }
    ternary = WeightSource(name: "", count: RandomMatrices.storeCount) { [store] index in
      (store.float(index) * 1.5 / RandomMatrices.amplitude).rounded()
    }
  }

  /// The next matrix, unlike all before.
  mutating func next(_ name: String, rows: Int, columns: Int, isTernary: Bool = false) -> Weight {
    made += 1
    // Odd distances: rows that begin alike do not meet again.
    let start = made * 8191 % (RandomMatrices.storeCount / 4)
    let pitch = max((RandomMatrices.storeCount - start - columns) / max(rows, 1) / 2 * 2 - 1, 1)
    return Weight(
      WeightSource(name: name, sharing: isTernary ? ternary : store),
      layout: Layout(shape: [rows, columns], strides: [pitch, 1], offset: start))
  }
}
