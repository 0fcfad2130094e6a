import Quell

/// What a step reads of a model's weights and caches.
struct TouchedBytes {
  /// For each site: bytes that one event reads.
  private var perEvent: [Double]
  /// Bytes that every step reads, whatever fires: rows of tables, and matrices with one row for each output.
  private var perToken = 0.0
  /// Bytes of the caches that one position adds.
  private var perPosition = 0.0

  init(_ model: Model) {
    perEvent = model.sites.map { _ in 0 }
    let tensors = model.tensors
    var site = 0
    for operation in model.operations {
      switch operation {
      case .events(let index, _): site = index
      case .row(let table, _, _, _, _): perToken += Double(tensors[table].byteCount) / Double(tensors[table].rows)
      case .linear(let matrix, .inputMajor, _, _, _): perEvent[site] += Double(tensors[matrix].byteCount) / Double(tensors[matrix].rows)
      case .linear(let matrix, .outputMajor, _, _, _): perToken += Double(tensors[matrix].byteCount)
      default: break
      }
    }
    for cache in model.caches { perPosition += Double((cache.keyWidth + cache.valueWidth) * MemoryLayout<Float>.size) }
  }

  /// Bytes that a token read on average, in a run of `tokens` steps from position 0 in which the sites fired as counted.
  func perToken(eventCounts: [UInt64], tokens: Int) -> Double {
    let events = zip(perEvent, eventCounts).reduce(0) { $0 + $1.0 * Double($1.1) }
    return perToken + perPosition * Double(tokens + 1) / 2 + events / Double(max(tokens, 1))
  }
}
