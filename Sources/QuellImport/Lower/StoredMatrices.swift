import Dispatch
import Quell
import Synchronization

/// The matrices and tables of a model file, by what they hold: equal ones are stored once, whether the graph shares them,
/// or an exporter wrote the embedding table a second time as the head. A matrix is given with one row for each output, as the
/// weights whose rows follow each other in it.
struct StoredMatrices {
  /// What equal matrices have in common at a glance.
  private struct Key: Hashable {
    var shapes: [[Int]]
    var types: [DataType]
    var samples: [UInt32]
  }

  private struct Entry {
    var weights: [Weight]
    var tensor: Int
    var layout: MatrixLayout
  }

  private static let sampleCount = 64
  private var entries: [Key: [Entry]] = [:]

  /// The tensor that holds a matrix in one of some layouts.
  func find(_ weights: [Weight], as layouts: [MatrixLayout]) -> (tensor: Int, layout: MatrixLayout)? {
    let entry = entries[key(weights)]?.first { entry in
      layouts.contains(entry.layout) && zip(entry.weights, weights).allSatisfy { $0.holdsSame(as: $1) }
    }
    return entry.map { ($0.tensor, $0.layout) }
  }

  /// Remembers the tensor of a matrix.
  mutating func add(_ weights: [Weight], tensor: Int, layout: MatrixLayout) {
    entries[key(weights), default: []].append(Entry(weights: weights, tensor: tensor, layout: layout))
  }

  private func key(_ weights: [Weight]) -> Key {
    Key(shapes: weights.map { $0.shape }, types: weights.map { $0.type }, samples: weights.flatMap { samples(of: $0) })
  }

  private func samples(of weight: Weight) -> [UInt32] {
    let (count, samples) = (weight.count, min(weight.count, StoredMatrices.sampleCount))
    return (0..<samples).map { Float(weight[$0 * (count - 1) / max(samples - 1, 1)]).bitPattern }
  }
}

extension Weight {
  /// The matrix with its axes exchanged.
  var transposed: Weight {
    var result = self
    result.layout = layout.transposed([1, 0])
    return result
  }

  /// Whether two matrices of one shape hold the same numbers, bit by bit.
  fileprivate func holdsSame(as other: Weight) -> Bool {
    if self == other { return true }
    // Often one is the other transposed: squares stay in the cache whichever way they are read.
    let side = MatrixTile.side
    let isSame = Atomic(true)
    let rows = (shape[0] + side - 1) / side
    DispatchQueue.concurrentPerform(iterations: rows) { block in
      for column in stride(from: 0, to: shape[1], by: side) where isSame.load(ordering: .relaxed) {
        let (rows, columns) = ((block * side)..<min((block + 1) * side, shape[0]), column..<min(column + side, shape[1]))
        if !holdsSame(as: other, rows, columns) { isSame.store(false, ordering: .relaxed) }
      }
    }
    return isSame.load(ordering: .relaxed)
  }

  private func holdsSame(as other: Weight, _ rows: Range<Int>, _ columns: Range<Int>) -> Bool {
    for row in rows {
      var mine = layout.offset + row * layout.strides[0] + columns.lowerBound * layout.strides[1]
      var others = other.layout.offset + row * other.layout.strides[0] + columns.lowerBound * other.layout.strides[1]
      for _ in columns {
        guard source.float(mine).bitPattern == other.source.float(others).bitPattern else { return false }
        mine += layout.strides[1]
        others += other.layout.strides[1]
      }
    }
    return true
  }
}
