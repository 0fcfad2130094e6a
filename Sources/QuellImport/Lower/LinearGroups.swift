/// Linear operations over one input that are stored as one wide matrix and run as one operation.
///
/// An event then reads one long row instead of a short one of each, and the loop over events runs once.
struct LinearGroups {
  /// Operations that become one, in the order of their outputs.
  struct Group {
    /// The values of the trace.
    var numbers: [Int] = []
    /// Their matrices, of shape [inputs, outputs], side by side.
    var weights: [Weight] = []
    /// Their biases, known numbers; nil where one has none.
    var biases: [[Element]?] = []
    /// Outputs of all.
    var outputs: Int { weights.reduce(0) { $0 + $1.shape[1] } }
  }

  /// What operations have in common that can be one.
  private struct Key: Hashable {
    /// Quantised weights and plain ones may be stored in different types.
    var type: DataType
    var isQuantized: Bool
    /// Apart from all others: the vocabulary head, and what is stored already.
    var apart: Int?
  }

  private(set) var groups: [Group] = []

  /// Groups the linear operations of one input. Matrices that are `stored` already keep their tensors.
  init(_ numbers: [Int], _ trace: Trace, heads: Set<Int>, stored: StoredMatrices) {
    var places: [Key: Int] = [:]
    for number in numbers {
      guard case .linear(let matrix, _, let bias) = trace.values[number].source else { continue }
      let isApart = heads.contains(number) || stored.find([matrix.transposed], as: [.outputMajor, .inputMajor]) != nil
      let key = Key(type: matrix.type, isQuantized: matrix.source.formula != nil, apart: isApart ? number : nil)
      if places[key] == nil {
        places[key] = groups.count
        groups.append(Group())
      }
      guard let place = places[key] else { continue }
      groups[place].numbers.append(number)
      groups[place].weights.append(matrix)
      groups[place].biases.append(bias)
    }
  }
}
