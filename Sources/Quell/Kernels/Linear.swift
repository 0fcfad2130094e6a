import CQuell

/// A linear operation over lists of events: which kernel runs is decided by the layout and the format of the matrix.
struct Linear {
  let matrix: Tensor
  let layout: MatrixLayout
  /// One factor for each output, which matrices of integers have.
  let scale: UnsafePointer<Float>?
  /// One number for each output.
  let bias: UnsafePointer<Float>?
  let outputs: Int
  /// The loops in C; nil where those in Swift are the ones.
  let kernels: UnsafePointer<quell_kernels>?

  /// Matrices of shorter rows have the sums of two halves made apart.
  private static let widestSplitRow = 8192
  private static let fewestSplitInputs = 512
  /// So many products of ternary numbers, which are 2 at most, and whole numbers of 8 bits add up to 2^24 at most, and so without rounding.
  private static let mostExactInputs = 1 << 16

  /// The input from which on sums are made apart and added in the end, or the number of inputs where all make one sum.
  ///
  /// Threads can then share the rows of the events. Sharing the columns would leave each thread pieces of rows, which are read
  /// at half the speed where rows are short. Which numbers make one sum depends on the matrix alone, never on the threads, but where it
  /// makes no difference.
  var middle: Int {
    let isSplit = layout == .inputMajor && inputs >= Linear.fewestSplitInputs && matrix.rowBytes < Linear.widestSplitRow
    return isSplit ? (inputs / 2 + 63) & ~63 : inputs
  }

  /// How many inputs there are.
  var inputs: Int { layout == .inputMajor ? matrix.rows : matrix.columns }

  /// Whether the second half of the inputs has a sum of its own.
  var isSplit: Bool { middle < inputs }

  /// Whether no sum can round, so that one of all inputs has the bits of two that are added.
  private var isExact: Bool { matrix.format == .ternary && matrix.rows <= Linear.mostExactInputs }

  /// Whether the second half of the inputs has a sum of its own even where threads do not share the halves.
  var hasTwoSums: Bool { isSplit && !isExact }

  /// result[o] = scale[o] * sum over events e of matrix[e.index, o] * e.value + bias[o], for the outputs of a part.
  ///
  /// A part begins at a multiple of ``LinearParts/granule``. Which parts an operation is cut into changes no bit of its result.
  /// A split operation can leave its second sum in `partial`.
  func run(_ events: EventList, _ result: UnsafeMutablePointer<Float>, partial: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    if hasTwoSums {
      runFirst(events, result, part)
      runSecond(events, partial, part)
      finish(result, partial: partial, part)
    } else {
      sum(events, 0..<inputs, result, part)
      finish(result, partial: nil, part)
    }
  }

  // MARK: Steps

  /// The sums of the first half of the inputs, with what they begin with.
  func runFirst(_ events: EventList, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    sum(events, 0..<middle, result, part)
  }

  /// The sums of the second half.
  func runSecond(_ events: EventList, _ partial: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    sum(events, middle..<inputs, partial, part)
  }

  /// Makes a part of the result what the events among some inputs contribute, with what their sums begin with.
  @_optimize(speed)
  private func sum(_ events: EventList, _ inputs: Range<Int>, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    if let kernels, matrix.format == .ternary, layout == .inputMajor, start(of: inputs) == nil {
      addRows(TernaryElement.self, kernels.pointee.sum_rows_ternary, events, inputs, result, part)
      return
    }
    begin(inputs, result, part)
    add(events, inputs, to: result, part)
  }

  /// What the sums of some inputs begin with, if it is not zeros: those of the first ones with the bias, unless the sums are to be scaled
  /// before it is added.
  private func start(of inputs: Range<Int>) -> UnsafePointer<Float>? { inputs.lowerBound == 0 && scale == nil ? bias : nil }

  /// Puts into a part of the result what the sums of some inputs begin with.
  @_optimize(speed)
  func begin(_ inputs: Range<Int>, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    if let start = start(of: inputs) {
      (result + part.lowerBound).update(from: start + part.lowerBound, count: part.count)
    } else {
      (result + part.lowerBound).update(repeating: 0, count: part.count)
    }
  }

  /// Adds to a part of the result what the events among some inputs contribute; the inputs come in order.
  ///
  /// To be compiled for size: the loops for all types of weights are here, unrolled and in vectors as they were written.
  func add(_ events: EventList, _ inputs: Range<Int>, to result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    switch matrix.format {
    case .f32: add(F32.self, events, inputs, result, part)
    case .f16: add(F16.self, events, inputs, result, part)
    case .bf16: add(BF16.self, events, inputs, result, part)
    case .int8: add(Int8Element.self, events, inputs, result, part)
    case .int4: add(Int4Element.self, events, inputs, result, part)
    case .ternary: add(TernaryElement.self, events, inputs, result, part)
    }
  }

  /// Adds to a part of several tokens' results what their events among some inputs contribute: bit by bit what the other ``add``
  /// does for each.
  @_optimize(speed)
  func add(
    _ tokens: UnsafeBufferPointer<quell_token>, _ inputs: Range<Int>, _ kernels: UnsafePointer<quell_kernels>, _ part: Range<Int>
  ) {
    let (type, bytes) = (matrix.format.rawValue, matrix.rowBytes)
    switch layout {
    case .inputMajor:
      let columns = matrix.data + part.lowerBound / matrix.format.blockCount * matrix.format.blockBytes
      kernels.pointee.add_rows_together(
        type, columns, bytes, part.count, inputs.lowerBound, inputs.upperBound, tokens.baseAddress, tokens.count, part.lowerBound)
    case .outputMajor:
      let rows = matrix.data + part.lowerBound * bytes
      kernels.pointee.multiply_rows_together(
        type, rows, part.count, inputs.upperBound, tokens.baseAddress, tokens.count, part.lowerBound)
    }
  }

  /// Adds the second sum where there is one, then multiplies a part of the result by the scale and adds the bias, where there is a
  /// scale.
  func finish(_ result: UnsafeMutablePointer<Float>, partial: UnsafeMutablePointer<Float>?, _ part: Range<Int>) {
    let (place, first) = (result + part.lowerBound, part.lowerBound)
    if let partial {
      Elementwise.binary(.add, place, leftStep: 1, partial + first, rightStep: 1, place, count: part.count, kernels)
    }
    guard let scale else { return }
    Elementwise.addAfterMultiplying(place, by: scale + first, bias.map { $0 + first }, count: part.count, kernels)
  }

  @inline(__always)
  private func add<Element: WeightElement>(
    _: Element.Type, _ events: EventList, _ inputs: Range<Int>, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>
  ) {
    let place = result + part.lowerBound
    switch layout {
    case .inputMajor:
      if let kernels {
        addRows(Element.self, Element.addRows(kernels.pointee), events, inputs, result, part)
      } else {
        let some = events.range(of: inputs)
        LinearInputMajor.add(
          Element.self, matrix.data + Element.bytes(part.lowerBound), stride: matrix.rowBytes, outputs: part.count,
          events.indices + some.lowerBound, events.values + some.lowerBound, events: some.count, to: place)
      }
    case .outputMajor:
      // Every row is read whole: it is the part that is cut, not the inputs.
      let rows = matrix.data + part.lowerBound * matrix.rowBytes
      if let kernels {
        Element.multiplyRows(kernels.pointee)(rows, part.count, events.dense, events.inputs, place)
      } else {
        LinearOutputMajor.add(Element.self, rows, outputs: part.count, events.dense, inputs: events.inputs, to: place)
      }
    }
  }

  /// Runs a loop in C over the rows of the events among some inputs.
  @inline(__always)
  private func addRows<Element: WeightElement>(
    _: Element.Type, _ loop: AddRows, _ events: EventList, _ inputs: Range<Int>, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>
  ) {
    let some = events.range(of: inputs)
    loop(
      matrix.data + Element.bytes(part.lowerBound), matrix.rowBytes, part.count, events.indices + some.lowerBound,
      events.values + some.lowerBound, some.count, result + part.lowerBound)
  }
}
