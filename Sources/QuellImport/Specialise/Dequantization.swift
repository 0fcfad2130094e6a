/// Real numbers made of quantised ones: (code - zero) * scale, in single precision.
///
/// Codes, zeros and scales are layouts of one shape over their stores; a zero or scale that many codes share is repeated by
/// a stride of zero. Nothing is computed until an element is read, so a matrix of any size costs no memory.
struct Dequantization: Hashable, Sendable {
  let codes: Weight
  /// nil where all zeros are 0.
  let zeros: Weight?
  /// nil where all scales are 1.
  let scales: Weight?
  /// Steps of the row-major index of an element along each axis.
  private let steps: [Int]

  /// Codes with zeros and scales that broadcast to their shape, or nil where they do not.
  init?(codes: Weight, zeros: Weight?, scales: Weight?) {
    func broadcast(_ weight: Weight) -> Weight? {
      guard let layout = weight.layout.broadcast(to: codes.shape) else { return nil }
      var result = weight
      result.layout = layout
      return result
    }
    self.codes = codes
    self.zeros = zeros.flatMap(broadcast)
    self.scales = scales.flatMap(broadcast)
    guard (self.zeros == nil) == (zeros == nil), (self.scales == nil) == (scales == nil) else { return nil }
    steps = Layout(contiguous: codes.shape).strides
  }

  var shape: [Int] { codes.shape }

  /// An element by its place in row-major order.
  subscript(index: Int) -> Float {
    var number: Float = 0
    withUnsafeMutablePointer(to: &number) {
      read(from: index, by: 1, into: UnsafeMutableBufferPointer(start: $0, count: 1), by: 1, count: 1)
    }
    return number
  }

  /// Elements from `start`, `step` apart in row-major order, each `pitch` places after the one before it.
  func read(from start: Int, by step: Int, into numbers: UnsafeMutableBufferPointer<Float>, by pitch: Int, count: Int) {
    // Within one axis all three stores are walked at even steps, so places are worked out once for each such run.
    let axis = steps.indices.first { shape[$0] > 1 && step >= steps[$0] && step % steps[$0] == 0 }
    let stride = axis.map { step / steps[$0] } ?? 1
    let (codeStep, zeroStep, scaleStep) = (
      stride * (axis.map { codes.layout.strides[$0] } ?? 0), stride * (axis.map { zeros?.layout.strides[$0] ?? 0 } ?? 0),
      stride * (axis.map { scales?.layout.strides[$0] ?? 0 } ?? 0)
    )
    var done = 0
    while done < count {
      let index = start + done * step
      var (code, zero, scale) = (codes.layout.offset, zeros?.layout.offset ?? 0, scales?.layout.offset ?? 0)
      var run = 1
      for other in shape.indices {
        let place = index / steps[other] % shape[other]
        code += place * codes.layout.strides[other]
        zero += place * (zeros?.layout.strides[other] ?? 0)
        scale += place * (scales?.layout.strides[other] ?? 0)
        if other == axis { run = (shape[other] - 1 - place) / stride + 1 }
      }
      run = min(run, count - done)
      put(numbers, done, pitch, run, code: (code, codeStep), zero: (zero, zeroStep), scale: (scale, scaleStep))
      done += run
    }
  }

  /// One run, each store walked at even steps from a start.
  private func put(
    _ numbers: UnsafeMutableBufferPointer<Float>, _ first: Int, _ pitch: Int, _ count: Int, code: (start: Int, step: Int),
    zero: (start: Int, step: Int), scale: (start: Int, step: Int)
  ) {
    let (codes, zeros, scales) = (codes.source, zeros?.source, scales?.source)
    // Weights come by the thousand million, so the types are told apart out here and not for each of them.
    @inline(__always) func fill(_ load: (Int) -> Float) {
      if zeros == nil || zero.step == 0, scales == nil || scale.step == 0 {
        let (origin, factor) = (zeros?.float(zero.start) ?? 0, scales?.float(scale.start) ?? 1)
        for at in 0..<count { numbers[(first + at) * pitch] = (load(code.start + at * code.step) - origin) * factor }
      } else if zeros == nil || zero.step == 0, let scales, scales.isPlainFloat {
        let (origin, factors) = (zeros?.float(zero.start) ?? 0, scales.start)
        for at in 0..<count {
          let factor = factors.loadUnaligned(fromByteOffset: (scale.start + at * scale.step) * 4, as: Float.self)
          numbers[(first + at) * pitch] = (load(code.start + at * code.step) - origin) * factor
        }
      } else {
        for at in 0..<count {
          let origin = zeros?.float(zero.start + at * zero.step) ?? 0
          let factor = scales?.float(scale.start + at * scale.step) ?? 1
          numbers[(first + at) * pitch] = (load(code.start + at * code.step) - origin) * factor
        }
      }
    }
    let bytes = codes.start
    switch codes.type {
    case .int8: fill { Float(bytes.load(fromByteOffset: $0, as: Int8.self)) }
    case .uint8: fill { Float(bytes.load(fromByteOffset: $0, as: UInt8.self)) }
    case .uint4: fill { Float(bytes.load(fromByteOffset: $0 >> 1, as: UInt8.self) >> UInt8(($0 & 1) * 4) & 15) }
    default: fill { codes.float($0) }
    }
  }
}

extension Weight {
  /// The real numbers that quantised ones stand for: (code - zero) * scale.
  ///
  /// Zeros and scales broadcast to the shape of the codes; nil where they do not.
  static func dequantized(_ codes: Weight, zeros: Weight?, scales: Weight?, type: DataType) -> Weight? {
    guard let formula = Dequantization(codes: codes, zeros: zeros, scales: scales) else { return nil }
    return Weight(WeightSource(formula, type: type), shape: codes.shape)
  }

  /// The matrix with each column multiplied by a number, where it is made of codes that have no scale yet; else nil.
  func scaled(columns: [Double]) -> Weight? {
    guard let formula = source.formula, formula.scales == nil, shape.count == 2, columns.count == shape[1],
      let (codes, zeros, _) = formula.seen(through: layout)
    else { return nil }
    let isUniform = columns.allSatisfy { $0 == columns[0] }
    let scales = Weight(isUniform ? [columns[0]] : columns, shape: isUniform ? [] : [1, columns.count], type: .float32)
    return .dequantized(codes, zeros: zeros, scales: scales, type: type)
  }
}

extension Dequantization {
  /// What a layout over the numbers sees of the codes, zeros and scales that they are made of, each in the layout's shape; nil
  /// where an axis of the layout is not along one of theirs.
  func seen(through layout: Layout) -> (codes: Weight, zeros: Weight?, scales: Weight?)? {
    let steps = Layout(contiguous: shape).strides
    let start = shape.indices.map { layout.offset / steps[$0] % max(shape[$0], 1) }
    var axes: [Int?] = []
    for (count, step) in zip(layout.shape, layout.strides) {
      guard count > 1 else {
        axes.append(nil)
        continue
      }
      guard let axis = shape.indices.first(where: { shape[$0] > 1 && steps[$0] == step }), !axes.contains(axis),
        start[axis] + count <= shape[axis]
      else { return nil }
      axes.append(axis)
    }
    func view(_ weight: Weight) -> Weight {
      let strides = weight.layout.strides
      var result = weight
      result.layout = Layout(
        shape: layout.shape, strides: axes.map { $0.map { strides[$0] } ?? 0 },
        offset: zip(start, strides).reduce(weight.layout.offset) { $0 + $1.0 * $1.1 })
      return result
    }
    return (view(codes), zeros.map(view), scales.map(view))
  }
}
