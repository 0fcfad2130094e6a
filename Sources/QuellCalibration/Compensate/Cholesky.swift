/// The factor of a symmetric positive definite matrix, for solving systems with many right sides.
///
/// Blocked, so that nearly all of the n^3 / 3 operations are products of matrices. Single precision: meant for matrices whose diagonal
/// has been raised by a thousandth of its mean or more.
struct Cholesky {
  /// Rows that are taken together.
  private static let block = 64

  /// U with U'U = A on and above the diagonal, U' below it.
  private let factor: Matrix

  /// Takes a symmetric matrix of which only what is not below the diagonal is looked at; it becomes the factor. Nil where it is not
  /// positive definite.
  init?(consuming matrix: Matrix) {
    let n = matrix.rows
    for first in stride(from: 0, to: n, by: Cholesky.block) {
      let end = min(first + Cholesky.block, n)
      guard Cholesky.factorRows(first..<end, of: matrix) else { return nil }
      let rows = Product.Operand(matrix, row: first, column: end)
      Product(left: rows, right: rows, count: end - first, factor: -1)
        .add(to: matrix, row: end, column: end, rows: n - end, columns: n - end, isSymmetric: true)
    }
    for row in 0..<n {
      for column in row + 1..<max(n, row + 1) { matrix[column, row] = matrix[row, column] }
    }
    factor = matrix
  }

  /// Makes the rows of a block, from which those above have been taken, rows of the factor.
  private static func factorRows(_ rows: Range<Int>, of matrix: Matrix) -> Bool {
    let n = matrix.columns
    for row in rows {
      let line = matrix.row(row)
      for above in rows.lowerBound..<row {
        let source = matrix.row(above)
        let factor = source[row]
        for column in row..<n { line[column] -= factor * source[column] }
      }
      guard line[row] > 0, line[row].isFinite else { return false }
      let scale = 1 / line[row].squareRoot()
      for column in row..<n { line[column] *= scale }
    }
    return true
  }

  /// Replaces the right sides, the columns of a matrix, by the solutions.
  func solve(_ sides: Matrix) {
    let (n, width) = (factor.rows, sides.columns)
    let starts = Array(stride(from: 0, to: n, by: Cholesky.block))
    for first in starts {
      let end = min(first + Cholesky.block, n)
      for row in first..<end {
        reduce(row, by: first..<row, in: sides) { factor[$0, row] }
      }
      Product(left: .init(factor, row: first, column: end), right: .init(sides, row: first), count: end - first, factor: -1)
        .add(to: sides, row: end, rows: n - end, columns: width)
    }
    for first in starts.reversed() {
      let end = min(first + Cholesky.block, n)
      for row in (first..<end).reversed() {
        reduce(row, by: row + 1..<end, in: sides) { factor[row, $0] }
      }
      Product(left: .init(factor, row: first), right: .init(sides, row: first), count: end - first, factor: -1)
        .add(to: sides, rows: first, columns: width)
    }
  }

  /// Takes multiples of other rows from a row of the right sides, and divides it by the diagonal.
  private func reduce(_ row: Int, by others: Range<Int>, in sides: Matrix, _ multiple: (Int) -> Float) {
    let line = sides.row(row)
    for other in others {
      let (source, factor) = (sides.row(other), multiple(other))
      for column in 0..<sides.columns { line[column] -= factor * source[column] }
    }
    let scale = 1 / factor[row, row]
    for column in 0..<sides.columns { line[column] *= scale }
  }
}
