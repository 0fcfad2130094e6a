import Quell

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

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

  /// Few, because each may have to come from the disk by itself.
  private static let sampleCount = 2
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
    source.fetch()
    other.source.fetch()
    // Often one is the other transposed: tiles stay in the cache whichever way they are read.
    let bands = (shape[0] + MatrixTile.height - 1) / MatrixTile.height
    do throws(Difference) {
      try Workers().perform(0..<bands) { memory, band throws(Difference) in
        let others = Workers.Memory()
        let rows = (band * MatrixTile.height)..<min((band + 1) * MatrixTile.height, shape[0])
        for column in stride(from: 0, to: shape[1], by: MatrixTile.width) {
          let columns = column..<min(column + MatrixTile.width, shape[1])
          if !tile(rows, columns, memory).holdsSame(as: other.tile(rows, columns, others)) { throw Difference() }
        }
      }
      return true
    } catch {
      return false
    }
  }

  private struct Difference: Error {}
}

extension MatrixTile {
  fileprivate func holdsSame(as other: MatrixTile) -> Bool {
    (0..<rows).allSatisfy { memcmp(line($0), other.line($0), columns * 4) == 0 }
  }
}
