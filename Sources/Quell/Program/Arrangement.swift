/// An order in which elements are read: blocks of rows of columns, the places along each of the three even steps apart.
///
/// result[i][j][k] = source[i * blockStep + j * rowStep + k * columnStep]. A step of 0 repeats; as many blocks are read as
/// fill the result. Transposing, slicing with steps, repeating heads and broadcasting are all such orders.
public struct Arrangement: Hashable, Sendable {
  /// Rows of a block.
  public let rows: Int
  /// Elements of a row.
  public let columns: Int
  /// From a block to the next.
  public let blockStep: Int
  /// From a row to the next.
  public let rowStep: Int
  /// From an element of a row to the next.
  public let columnStep: Int

  /// An order.
  public init(rows: Int, columns: Int, blockStep: Int, rowStep: Int, columnStep: Int) {
    self.rows = rows
    self.columns = columns
    self.blockStep = blockStep
    self.rowStep = rowStep
    self.columnStep = columnStep
  }

  /// Whether a result of `count` elements consists of whole blocks and is read from within the first `available` elements. Neither
  /// number is 0, and no step is negative.
  func fits(_ count: Int, within available: Int) -> Bool {
    let (block, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows > 0, columns > 0, !overflow, count % block == 0 else { return false }
    var rest = available - 1
    func reaches(_ last: Int, _ step: Int) -> Bool {
      let (distance, overflow) = last.multipliedReportingOverflow(by: step)
      guard !overflow, distance <= rest else { return false }
      rest -= distance
      return true
    }
    return reaches(count / block - 1, blockStep) && reaches(rows - 1, rowStep) && reaches(columns - 1, columnStep)
  }
}
