/// Softmax attention of one query over a key/value cache [Vaswani et al., arXiv 1706.03762, equation 1].
///
/// Several query heads may share a key/value head [Ainslie et al., arXiv 2305.13245].
struct Attention {
  let cache: Cache
  let heads: Int
  let scale: Float
  /// Cached keys, one row of `cache.keyWidth` per position; values likewise.
  let keys: UnsafeMutablePointer<Float>
  let values: UnsafeMutablePointer<Float>
  /// One weight per position.
  let weights: UnsafeMutablePointer<Float>

  /// Puts key and value at `position`, then attends over the positions 0 to `position`.
  @_optimize(speed)
  func run(
    query: UnsafePointer<Float>, key: UnsafePointer<Float>, value: UnsafePointer<Float>, position: Int,
    result: UnsafeMutablePointer<Float>
  ) {
    (keys + position * cache.keyWidth).update(from: key, count: cache.keyWidth)
    (values + position * cache.valueWidth).update(from: value, count: cache.valueWidth)
    let (keySize, valueSize) = (cache.keyWidth / cache.heads, cache.valueWidth / cache.heads)
    for head in 0..<heads {
      let shared = head / (heads / cache.heads)
      weigh(query + head * keySize, keys + shared * keySize, size: keySize, positions: position + 1)
      average(values + shared * valueSize, size: valueSize, positions: position + 1, result + head * valueSize)
    }
  }

  /// weights = softmax over the positions of scale * query · key.
  @_optimize(speed)
  private func weigh(_ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, size: Int, positions: Int) {
    var greatest = -Float.infinity
    for position in 0..<positions {
      let score = scale * LinearOutputMajor.dot(F32.self, UnsafeRawPointer(keys + position * cache.keyWidth), query, count: size)
      weights[position] = score
      greatest = greatest > score ? greatest : score
    }
    var sum: Float = 0
    for position in 0..<positions {
      let weight = exponential(weights[position] - greatest)
      weights[position] = weight
      sum += weight
    }
    let inverse = 1 / sum
    for position in 0..<positions { weights[position] *= inverse }
  }

  /// result = sum over the positions of weight * value.
  @_optimize(speed)
  private func average(_ values: UnsafePointer<Float>, size: Int, positions: Int, _ result: UnsafeMutablePointer<Float>) {
    result.update(repeating: 0, count: size)
    for position in 0..<positions {
      let row = values + position * cache.valueWidth
      let weight = weights[position]
      for feature in 0..<size { result[feature] += weight * row[feature] }
    }
  }
}
