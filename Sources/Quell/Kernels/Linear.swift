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

  /// result[o] = scale[o] * sum over events e of matrix[e.index, o] * e.value + bias[o], for the outputs of a part.
  ///
  /// A part begins at a multiple of ``LinearParts/granule``. Which parts an operation is cut into changes no bit of its result.
  func run(_ events: EventList, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    begin(result, part)
    add(events, 0..<events.inputs, to: result, part)
    finish(result, part)
  }

  // MARK: Steps

  /// Puts into a part of the result what its sums begin with: the bias, unless the sums are to be scaled before it is added.
  @_optimize(speed)
  func begin(_ result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    if let bias, scale == nil {
      (result + part.lowerBound).update(from: bias + part.lowerBound, count: part.count)
    } else {
      (result + part.lowerBound).update(repeating: 0, count: part.count)
    }
  }

  /// Adds to a part of the result what the events among some inputs contribute; the inputs come in order.
  @_optimize(speed)
  func add(_ events: EventList, _ inputs: Range<Int>, to result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    switch matrix.format {
    case .f32: add(F32.self, events, inputs, result, part)
    case .f16: add(F16.self, events, inputs, result, part)
    case .bf16: add(BF16.self, events, inputs, result, part)
    case .int8: add(Int8Element.self, events, inputs, result, part)
    case .int4: add(Int4Element.self, events, inputs, result, part)
    }
  }

  /// Multiplies a part of the result by the scale and adds the bias, where there is a scale.
  @_optimize(speed)
  func finish(_ result: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
    guard let scale else { return }
    if let bias {
      for output in part { result[output] = result[output] * scale[output] + bias[output] }
    } else {
      for output in part { result[output] *= scale[output] }
    }
  }

  @inline(__always)
  private func add<Element: WeightElement>(
    _: Element.Type, _ events: EventList, _ inputs: Range<Int>, _ result: UnsafeMutablePointer<Float>, _ part: Range<Int>
  ) {
    let place = result + part.lowerBound
    switch layout {
    case .inputMajor:
      let some = events.range(of: inputs)
      let (indices, values) = (events.indices + some.lowerBound, events.values + some.lowerBound)
      let columns = matrix.data + Element.bytes(part.lowerBound)
      if let kernels {
        Element.addRows(kernels.pointee)(columns, matrix.rowBytes, part.count, indices, values, some.count, place)
      } else {
        LinearInputMajor.add(
          Element.self, columns, stride: matrix.rowBytes, outputs: part.count, indices, values, events: some.count, to: place)
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
}
