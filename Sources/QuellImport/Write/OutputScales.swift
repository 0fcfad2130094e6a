import CConversion
import Synchronization

/// The scale of each output of a matrix of whole numbers: what its greatest magnitude is, divided by 127.
///
/// A narrower scale, which cuts off the greatest weights to be finer for all others, was measured and gains nothing at 8 bits.
final class OutputScales {
  /// What is scaled together.
  enum Axis {
    /// Each row: the matrix is a table, or its rows are outputs.
    case rows
    /// Each column: the rows are inputs.
    case columns
  }

  let axis: Axis
  /// One for each output.
  private(set) var numbers: [Float]
  /// By what weights are multiplied; nil where they are whole numbers already.
  private(set) var factors: [Float]?

  /// Scales to be measured.
  init(axis: Axis, count: Int) {
    self.axis = axis
    numbers = [Float](repeating: 0, count: count)
    factors = numbers
  }

  /// Known scales, of weights that are whole numbers.
  init(axis: Axis, numbers: [Float]) {
    self.axis = axis
    self.numbers = numbers
  }

  /// Sets the scales by the greatest magnitude of each output, as bits.
  func set(_ greatest: [UInt32], of name: String) throws(ImportFailure) {
    guard let most = greatest.max() else { return }
    guard Float(bitPattern: most).isFinite else {
      throw .unsupported("Tensor \"\(name)\" holds numbers that are not finite, so the model cannot run.")
    }
    for (output, bits) in greatest.enumerated() {
      let factor = 127 / Float(bitPattern: bits)
      // Where all weights are zero, or too small to be told from it, so is the scale.
      numbers[output] = factor.isFinite ? Float(bitPattern: bits) / 127 : 0
      factors?[output] = factor.isFinite ? factor : 0
    }
  }
}
