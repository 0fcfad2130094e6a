#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Gives the outputs of fitted weights back what a least-squares fit takes from them.
///
/// A fit guesses what is not known to lie nearer to the mean, so that its outputs deviate less from their means than the true ones, and
/// what a rectifier makes of them has another mean. With r the correlation of a fitted output and the true one, 1 / r as its factor would
/// restore its standard deviation; 1 / r^2 would make it the true one in the mean, for any given true one. Each gets a factor between
/// these, which measures better than either end, and where a rectifier follows, a bias that restores the mean of what it lets pass.
struct OutputRestoration {
  /// The power of 1 / r.
  private static let power = 1.4
  /// The factor of an output is between one by this number and this number.
  private static let greatestFactor: Float = 2
  /// How often the range of a bias is halved: to a millionth of the deviation of the output.
  private static let halvings = 20
  /// Outputs that are looked at together.
  private static let band = 128

  /// Vectors of the site, one in each row.
  private let inputs: Matrix
  /// What is sent on of them.
  private let sent: Matrix

  /// Takes vectors, one in each row, of which a threshold sends on what is farther from a centre.
  init(_ inputs: Matrix, threshold: Float, centre: [Float]?) {
    self.inputs = inputs
    sent = Matrix(rows: inputs.rows, columns: inputs.columns)
    let held = Matrix(rows: 1, columns: inputs.columns)
    for token in 0..<inputs.rows {
      SparseMoments.split(inputs.row(token), inputs.columns, threshold, centre, sent: sent.row(token), held: held.row(0))
    }
  }

  /// Changes fitted weights and their bias so that they do what the original ones do to the inputs.
  func restore(
    _ fitted: Matrix, _ fittedBias: inout [Float], like weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    _ activation: Activation
  ) {
    let outputs = fitted.columns
    for first in stride(from: 0, to: outputs, by: OutputRestoration.band) {
      let count = min(OutputRestoration.band, outputs - first)
      let wanted = product(of: inputs, .init(weights + first, step: outputs), count)
      let found = product(of: sent, .init(fitted, column: first), count)
      for output in first..<(first + count) {
        let target = column(output - first, of: wanted, factor: 1, bias: bias[output])
        let outcome = column(output - first, of: found, factor: 1, bias: fittedBias[output])
        let (targetMoments, outcomeMoments) = (OutputRestoration.moments(target), OutputRestoration.moments(outcome))
        let most = Double(OutputRestoration.greatestFactor)
        let ratio =
          outcomeMoments.deviation > 0 ? pow(targetMoments.deviation / outcomeMoments.deviation, OutputRestoration.power) : 1
        let factor = Float(min(max(ratio, 1 / most), most))
        fittedBias[output] = factor * fittedBias[output] + Float(targetMoments.mean - Double(factor) * outcomeMoments.mean)
        for input in 0..<fitted.rows { fitted[input, output] *= factor }
        if activation != .none {
          let scaled = column(output - first, of: found, factor: factor, bias: fittedBias[output])
          fittedBias[output] += OutputRestoration.shift(scaled, to: target, activation, deviation: Float(targetMoments.deviation))
        }
      }
    }
  }

  /// Vectors times some columns of weights: one row for each vector.
  private func product(of vectors: Matrix, _ weights: Product.Operand, _ count: Int) -> Matrix {
    let result = Matrix(rows: vectors.rows, columns: count)
    Product(left: .init(transposed: vectors), right: weights, count: vectors.columns).add(to: result, rows: vectors.rows, columns: count)
    return result
  }

  private func column(_ column: Int, of matrix: Matrix, factor: Float, bias: Float) -> [Float] {
    (0..<matrix.rows).map { factor * matrix[$0, column] + bias }
  }

  static func moments(_ numbers: [Float]) -> (mean: Double, deviation: Double) {
    let count = Double(max(numbers.count, 1))
    let mean = numbers.reduce(0) { $0 + Double($1) } / count
    let variance = numbers.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    return (mean, variance.squareRoot())
  }

  /// What has to be added to numbers so that an activation lets as much pass of them as of others, in the mean.
  static func shift(_ numbers: [Float], to target: [Float], _ activation: Activation, deviation: Float) -> Float {
    let wanted = passing(target, by: 0, activation)
    var (low, high) = (-2 * deviation, 2 * deviation)
    for _ in 0..<halvings {
      let middle = (low + high) / 2
      if passing(numbers, by: middle, activation) > wanted { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }

  private static func passing(_ numbers: [Float], by shift: Float, _ activation: Activation) -> Double {
    var sum = 0.0
    for number in numbers {
      let passed = max(number + shift, 0)
      sum += Double(activation == .squaredRelu ? passed * passed : passed)
    }
    return sum
  }
}
