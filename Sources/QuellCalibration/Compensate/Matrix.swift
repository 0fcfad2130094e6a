import CCalibration
import Dispatch

/// Numbers in rows that follow each other in memory. Different threads may change different rows.
final class Matrix: @unchecked Sendable {
  let rows: Int
  let columns: Int
  let numbers: UnsafeMutablePointer<Float>

  /// All zeros.
  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    numbers = .allocate(capacity: max(rows * columns, 1))
    numbers.initialize(repeating: 0, count: rows * columns)
  }

  deinit { numbers.deallocate() }

  subscript(row: Int, column: Int) -> Float {
    get { numbers[row * columns + column] }
    set { numbers[row * columns + column] = newValue }
  }

  /// Copies all numbers to memory that has room for them.
  func copy(to place: UnsafeMutablePointer<Float>) { place.update(from: numbers, count: rows * columns) }

  /// The beginning of a row, as long as the matrix lives.
  func row(_ number: Int) -> UnsafeMutablePointer<Float> { numbers + number * columns }
}

/// A product of two matrices, added to a third one by several threads: sums[i][j] += factor * (the sum of left[t][i] * right[t][j]
/// over all t).
///
/// Costs 2 * count * rows * columns operations, at a good part of what the processor can do.
struct Product {
  /// An operand; the element t, i is at `start[t * step + i * pitch]`.
  struct Operand {
    let start: UnsafePointer<Float>
    let step: Int
    let pitch: Int
    private let owner: Matrix?

    /// Rows that follow each other in memory that outlives the product.
    init(_ start: UnsafePointer<Float>, step: Int) { (self.start, self.step, pitch, owner) = (start, step, 1, nil) }

    /// The part of a matrix from a row and a column on, each t a row.
    init(_ matrix: Matrix, row: Int = 0, column: Int = 0) {
      (start, step, pitch, owner) = (UnsafePointer(matrix.row(row) + column), matrix.columns, 1, matrix)
    }

    /// A matrix, each t a column.
    init(transposed matrix: Matrix) { (start, step, pitch, owner) = (UnsafePointer(matrix.numbers), 1, matrix.columns, matrix) }
  }

  /// Rows of the result that are worked on at a time.
  private static let band = 64

  var left: Operand
  /// Of pitch 1.
  var right: Operand
  /// How many t there are.
  var count: Int
  var factor: Float = 1

  /// Adds to a part of a matrix: `rows` by `columns` from a row and a column on.
  ///
  /// - Parameter isSymmetric: Whether only what is not below the diagonal is wanted; a band of numbers below it may change, too.
  func add(to sums: Matrix, row: Int = 0, column: Int = 0, rows: Int, columns: Int, isSymmetric: Bool = false) {
    guard rows > 0, columns > 0, count > 0 else { return }
    // The calls are over when this returns, and write different rows.
    nonisolated(unsafe) let product = self
    DispatchQueue.concurrentPerform(iterations: (rows + Product.band - 1) / Product.band) { band in
      let first = band * Product.band
      let skipped = isSymmetric ? first : 0
      calibration_add_product(
        product.left.start + first * product.left.pitch, product.left.step, product.left.pitch, product.right.start + skipped,
        product.right.step, product.count, product.factor, sums.row(row + first) + column + skipped, sums.columns,
        min(Product.band, rows - first), columns - skipped)
    }
  }
}
