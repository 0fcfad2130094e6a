/// What a least-squares fit needs to know of the inputs of a site: how what is sent on, y, goes together with itself and with what is
/// held back, z. Both are taken about their means.
struct SparseMoments {
  /// Tokens that are worked on at a time: their numbers stay in the outer caches.
  private static let batch = 512

  /// The mean of y_i y_j over all tokens, on and above the diagonal.
  let sent: Matrix
  /// The mean of z_i y_j.
  let cross: Matrix
  let sentMeans: [Float]
  let heldMeans: [Float]

  /// Gathers from vectors, one in each row, of which a threshold sends on what is farther from a centre.
  ///
  /// Costs 3 multiply-accumulates for each vector and pair of channels.
  init(_ inputs: Matrix, threshold: Float, centre: [Float]?) {
    let (tokens, n) = (inputs.rows, inputs.columns)
    (sent, cross) = (Matrix(rows: n, columns: n), Matrix(rows: n, columns: n))
    let (y, z) = (Matrix(rows: SparseMoments.batch, columns: n), Matrix(rows: SparseMoments.batch, columns: n))
    var (sentSums, heldSums) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    let share = 1 / Float(max(tokens, 1))
    for first in stride(from: 0, to: tokens, by: SparseMoments.batch) {
      let count = min(SparseMoments.batch, tokens - first)
      for token in 0..<count {
        SparseMoments.split(inputs.row(first + token), n, threshold, centre, sent: y.row(token), held: z.row(token))
        for channel in 0..<n {
          sentSums[channel] += Double(y[token, channel])
          heldSums[channel] += Double(z[token, channel])
        }
      }
      Product(left: .init(y), right: .init(y), count: count, factor: share).add(to: sent, rows: n, columns: n, isSymmetric: true)
      Product(left: .init(z), right: .init(y), count: count, factor: share).add(to: cross, rows: n, columns: n)
    }
    sentMeans = sentSums.map { Float($0 / Double(max(tokens, 1))) }
    heldMeans = heldSums.map { Float($0 / Double(max(tokens, 1))) }
    for row in 0..<n {
      for column in 0..<n {
        cross[row, column] -= heldMeans[row] * sentMeans[column]
        if column >= row { sent[row, column] -= sentMeans[row] * sentMeans[column] }
      }
    }
  }

  /// Splits a vector less its centre into what is sent on and what is held back.
  static func split(
    _ input: UnsafePointer<Float>, _ count: Int, _ threshold: Float, _ centre: [Float]?, sent: UnsafeMutablePointer<Float>,
    held: UnsafeMutablePointer<Float>
  ) {
    for channel in 0..<count {
      let number = input[channel] - (centre?[channel] ?? 0)
      let isSent = number.magnitude > threshold
      sent[channel] = isSent ? number : 0
      held[channel] = isSent ? 0 : number
    }
  }
}
