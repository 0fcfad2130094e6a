extension Rules {
  /// Comparisons and truth values, which are known wherever they matter: masks and shapes.
  static let logic: [String: Rule] = [
    "Equal": compared { $0 == $1 },
    "Greater": compared { $0 > $1 },
    "GreaterOrEqual": compared { $0 >= $1 },
    "Less": compared { $0 < $1 },
    "LessOrEqual": compared { $0 <= $1 },
    "And": compared { $0 != 0 && $1 != 0 },
    "Or": compared { $0 != 0 || $1 != 0 },
    "Xor": compared { ($0 != 0) != ($1 != 0) },
    "Not": judged(computed: nil) { $0 == 0 },
    // The program computes with finite numbers: exporters ask only to clear rows that a mask left empty, and a step's
    // own position is never masked.
    "IsNaN": judged(computed: false) { $0.isNaN },
    "IsInf": judged(computed: false) { $0.isInfinite },
  ]

  private static func compared(_ holds: @escaping @Sendable (Double, Double) -> Bool) -> Rule {
    { call throws(ImportFailure) in
      let tensors = [try call.input(0), try call.input(1)]
      let shape = try call.broadcast(tensors)
      guard let left = tensors[0].knownReals, let right = tensors[1].knownReals,
        let a = Layout(contiguous: tensors[0].shape).broadcast(to: shape)?.offsets,
        let b = Layout(contiguous: tensors[1].shape).broadcast(to: shape)?.offsets
      else { return [call.opaque(shape: shape, type: .bool, "compares computed numbers")] }
      return [.truths(a.indices.map { holds(left[a[$0]], right[b[$0]]) }, shape: shape)]
    }
  }

  private static func judged(computed: Bool?, _ holds: @escaping @Sendable (Double) -> Bool) -> Rule {
    { call throws(ImportFailure) in
      let tensor = try call.input(0)
      if let numbers = tensor.knownReals { return [.truths(numbers.map(holds), shape: tensor.shape)] }
      guard let computed else { return [call.opaque(shape: tensor.shape, type: .bool, "judges computed numbers")] }
      return [.truths([Bool](repeating: computed, count: tensor.count), shape: tensor.shape)]
    }
  }
}
