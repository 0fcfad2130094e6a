extension Verifier {
  /// Checks that running a chain a tile after the other gives what running its operations one after the other gives.
  ///
  /// That holds where any range that is written and any range that is read or written by an operation of the chain are the
  /// same or have nothing in common: a tile then meets the numbers of its own tile alone. The operations are checked as such
  /// when their turn comes.
  func verifyChain(_ count: Int, _ elements: Int) throws(Failure) {
    guard count > 0, count <= Operation.longestChain, count < model.pointee.operations.count - index else {
      throw bad("a chain has no operations, or more than there are")
    }
    for place in 1...count {
      let (read, written) = try operands(of: model.pointee.operations[index + place], isLast: place == count)
      guard (written ?? read.0).count == elements else { throw bad("an operation of a chain has another length") }
      for other in 1...count {
        guard let result = try operands(of: model.pointee.operations[index + other], isLast: other == count).written else { continue }
        try verifySameOrApart(read.0, result)
        try verifySameOrApart(read.1, result)
        if let written { try verifySameOrApart(written, result) }
      }
    }
  }

  private func operands(of operation: Operation, isLast: Bool) throws(Failure) -> (read: (Value, Value), written: Value?) {
    switch operation {
    case .copy(let source, let result), .unary(_, let source, let result):
      ((try value(source), try value(source)), try value(result))
    case .binary(_, let left, let right, let result): ((try value(left), try value(right)), try value(result))
    case .events(_, let source) where isLast: ((try value(source), try value(source)), nil)
    default: throw bad("an operation of a chain is not elementwise")
    }
  }
}
