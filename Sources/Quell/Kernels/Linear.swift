/// A linear operation over the last list of events: which kernel runs is decided by the layout and the format of the matrix.
struct Linear {
  let matrix: Tensor
  let layout: MatrixLayout
  /// One factor for each output, which matrices of integers have.
  let scale: UnsafePointer<Float>?
  /// One number for each output.
  let bias: UnsafePointer<Float>?

  /// result[o] = scale[o] * sum over events e of matrix[e.index, o] * e.value + bias[o].
  func run(_ events: EventList, _ result: UnsafeMutablePointer<Float>, outputs: Int) {
    switch matrix.format {
    case .f32: run(F32.self, events, result, outputs)
    case .f16: run(F16.self, events, result, outputs)
    case .bf16: run(BF16.self, events, result, outputs)
    case .int8: run(Int8Element.self, events, result, outputs)
    case .int4: run(Int4Element.self, events, result, outputs)
    }
  }

  @inline(__always)
  private func run<Element: WeightElement>(
    _: Element.Type, _ events: EventList, _ result: UnsafeMutablePointer<Float>, _ outputs: Int
  ) {
    switch layout {
    case .inputMajor:
      begin(result, outputs)
      LinearInputMajor.add(Element.self, matrix: matrix.data, outputs: outputs, events: events, to: result)
    case .outputMajor:
      LinearOutputMajor.run(Element.self, matrix: matrix.data, outputs: outputs, events: events, initial: initial, result: result)
    }
    scaleAndShift(result, outputs)
  }

  /// What a sum begins with: the bias, unless the sum is to be scaled before the bias is added.
  private var initial: UnsafePointer<Float>? { scale == nil ? bias : nil }

  private func begin(_ result: UnsafeMutablePointer<Float>, _ outputs: Int) {
    if let initial {
      result.update(from: initial, count: outputs)
    } else {
      result.update(repeating: 0, count: outputs)
    }
  }

  private func scaleAndShift(_ result: UnsafeMutablePointer<Float>, _ outputs: Int) {
    guard let scale else { return }
    if let bias {
      for output in 0..<outputs { result[output] = result[output] * scale[output] + bias[output] }
    } else {
      for output in 0..<outputs { result[output] *= scale[output] }
    }
  }
}
