import Dispatch
import Quell
import Synchronization

/// The matrices and tables of a model file, by what they hold: equal ones are stored once, whether the graph shares them,
/// or an exporter wrote the embedding table a second time as the head.
struct StoredMatrices {
  /// What equal matrices have in common at a glance.
  private struct Key: Hashable {
    var shape: [Int]
    var type: DataType
    var samples: [UInt32]
  }

  private struct Entry {
    var weight: Weight
    var tensor: Int
    var layout: MatrixLayout
  }

  private static let sampleCount = 64
  private var entries: [Key: [Entry]] = [:]

  /// The tensor that holds a matrix, given with one row for each output, in one of some layouts.
  func find(_ weight: Weight, as layouts: [MatrixLayout]) -> (tensor: Int, layout: MatrixLayout)? {
    guard let entry = entries[key(weight)]?.first(where: { layouts.contains($0.layout) && $0.weight.holdsSame(as: weight) }) else {
      return nil
    }
    return (entry.tensor, entry.layout)
  }

  /// Remembers the tensor of a matrix, given with one row for each output.
  mutating func add(_ weight: Weight, tensor: Int, layout: MatrixLayout) {
    entries[key(weight), default: []].append(Entry(weight: weight, tensor: tensor, layout: layout))
  }

  private func key(_ weight: Weight) -> Key {
    let (count, samples) = (weight.count, min(weight.count, StoredMatrices.sampleCount))
    return Key(
      shape: weight.shape, type: weight.type,
      samples: (0..<samples).map { Float(weight[$0 * (count - 1) / max(samples - 1, 1)]).bitPattern })
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
