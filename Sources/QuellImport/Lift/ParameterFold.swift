import Quell

/// Folds additions and multiplications by known vectors into the operation before them: a bias into a linear operation,
/// gain and bias into a normalisation, the scales of a quantised matrix into the matrix.
enum ParameterFold {
  /// The flow with everything folded that nothing else reads.
  static func apply(_ flow: Flow) -> (flow: Flow, found: Int) {
    var flow = flow
    var found = 0
    let readers = flow.readers
    for number in flow.trace.values.indices {
      guard case .binary(let function, let left, let right) = flow.trace.values[number].source else { continue }
      for (computed, known) in [(left, right), (right, left)] {
        guard let inner = flow.trace.whole(computed), readers[inner] == 1, let numbers = flow.trace.numbers(of: known),
          let folded = folded(function, flow.trace.values[inner].source, known, numbers)
        else { continue }
        flow.trace.replace(number, by: folded)
        found += 1
        break
      }
    }
    return (flow, found)
  }

  private static func folded(
    _ function: BinaryFunction, _ source: Trace.Source, _ known: [Element], _ numbers: [Double]
  ) -> Trace.Source? {
    switch (function, source) {
    case (.add, .linear(let matrix, let input, bias: nil)): .linear(matrix: matrix, input: input, bias: known)
    case (.add, .normalize(let kind, let source, let gain, bias: nil, let epsilon)):
      .normalize(kind, source, gain: gain, bias: known, epsilon: epsilon)
    case (.multiply, .linear(let matrix, let input, bias: nil)):
      // A matrix of codes takes up the scales of its outputs; any other stays as the file has it.
      matrix.scaled(columns: numbers).map { .linear(matrix: $0, input: input, bias: nil) }
    case (.multiply, .normalize(let kind, let source, gain: nil, bias: nil, let epsilon)):
      .normalize(kind, source, gain: known, bias: nil, epsilon: epsilon)
    default: nil
    }
  }
}
