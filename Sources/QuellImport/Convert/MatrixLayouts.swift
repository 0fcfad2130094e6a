import Quell

/// Which matrices should lie otherwise, for how many inputs are quiet at their sites: one row for each input where many are,
/// so that an event reads one row, and one row for each output elsewhere, to be read whole.
///
/// A matrix that serves twice, as a head that is the embedding table does, stays as it is; so does a ternary one, of which the rows of
/// events are added fastest.
public struct MatrixLayouts {
  /// Below this fraction of quiet inputs the whole matrix is read faster than the rows of the events.
  private static let leastSparsity = 0.3

  /// The new layout of each matrix that changes, by its tensor.
  public let changes: [Int: MatrixLayout]

  /// Decides for all matrices of a program, given the fraction of quiet inputs at each site.
  public init(_ operations: [Operation], ternary: Set<Int>, siteSparsity: [Double]) {
    let uses = TensorUses(operations) { _ in nil }
    var (site, changes) = (0, [Int: MatrixLayout]())
    for operation in operations {
      if case .events(let number, _) = operation { site = number }
      guard case .linear(let matrix, let layout, _, _, _) = operation, uses.isOnce(tensor: matrix), !ternary.contains(matrix)
      else { continue }
      let wanted: MatrixLayout = siteSparsity[site] < MatrixLayouts.leastSparsity ? .outputMajor : .inputMajor
      if wanted != layout { changes[matrix] = wanted }
    }
    self.changes = changes
  }
}

extension Program {
  /// Lays matrices out anew; each is a single weight, as in a program that was read from a model file.
  mutating func layOut(_ layouts: MatrixLayouts) {
    for (index, operation) in operations.enumerated() {
      guard case .linear(let matrix, _, let bias, let scale, let result) = operation, let layout = layouts.changes[matrix] else { continue }
      operations[index] = .linear(matrix: matrix, layout: layout, bias: bias, scale: scale, result: result)
      tensors[matrix].weights = tensors[matrix].weights.map { $0.transposed }
    }
  }
}
