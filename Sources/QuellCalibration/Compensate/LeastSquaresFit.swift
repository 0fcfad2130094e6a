/// Fits the weights of a linear operation to the inputs that a threshold sends on.
///
/// Of an input x less its centre c, y is sent on and z is held back. The best guess of z from y is M (y - mean y) + mean z, with
/// M = E[z y'] E[y y']^-1, both about their means; W (1 + M) y and a bias then do the work of W x, with nothing more to compute. The
/// matrix that is inverted gets a ridge, a fraction of the mean of its diagonal.
struct LeastSquaresFit {
  /// The ridge. Where few channels are ever sent on, it keeps the fit from following single tokens.
  static let ridge: Float = 0.01

  private let moments: SparseMoments
  private let centre: [Float]?
  /// Nil where nothing is sent on, from which nothing can be guessed.
  private let inverse: Cholesky?

  init(_ moments: SparseMoments, centre: [Float]?) {
    let n = moments.sentMeans.count
    let trace = (0..<n).reduce(Float(0)) { $0 + moments.sent[$1, $1] }
    let raised = Matrix(rows: n, columns: n)
    moments.sent.copy(to: raised.numbers)
    for channel in 0..<n { raised[channel, channel] += LeastSquaresFit.ridge * trace / Float(n) }
    (self.moments, self.centre, inverse) = (moments, centre, Cholesky(consuming: raised))
  }

  /// The weights, one row for each input, and the bias that take the place of others.
  func fit(_ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, outputs: Int) -> (weights: Matrix, bias: [Float]) {
    let n = moments.sentMeans.count
    let change = Matrix(rows: n, columns: outputs)
    if let inverse {
      Product(left: .init(moments.cross), right: .init(weights, step: outputs), count: n).add(to: change, rows: n, columns: outputs)
      inverse.solve(change)
    }
    var sums = (0..<outputs).map { Double(bias[$0]) }
    for input in 0..<n {
      let held = Double(moments.heldMeans[input] + (centre?[input] ?? 0))
      let sent = Double(moments.sentMeans[input])
      for output in 0..<outputs {
        sums[output] += held * Double(weights[input * outputs + output]) - sent * Double(change[input, output])
      }
    }
    for input in 0..<n {
      for output in 0..<outputs { change[input, output] += weights[input * outputs + output] }
    }
    return (change, sums.map { Float($0) })
  }
}
