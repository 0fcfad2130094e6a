extension Rules {
  /// Quantised weights are read as the real numbers that they stand for; quantised activations stay real numbers.
  ///
  /// A quantisation and the way back cancel, up to the rounding between them, which a program in floating point need not
  /// imitate. What a quantisation cuts off on purpose, the negative numbers where zero is the least code, stays cut off.
  static let quantization: [String: Rule] = [
    "DequantizeLinear": dequantize,
    "QuantizeLinear": quantize,
    "DynamicQuantizeLinear": quantizeDynamically,
    "MatMulInteger": { call throws(ImportFailure) in
      [try product(try shifted(0, zero: 2, call), try shifted(1, zero: 3, call), call)]
    },
    "QLinearMatMul": { call throws(ImportFailure) in
      let left = try real(call.input(0), scale: call.input(1), zero: call.input(2), axis: -2, call)
      let right = try real(call.input(3), scale: call.input(4), zero: call.input(5), axis: -1, call)
      return [try coded(try product(left, right, call), scale: call.input(6), zero: call.input(7), call)]
    },
  ]

  // MARK: From codes to real numbers

  private static func dequantize(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let block = call.int("block_size", default: 0)
    let axis = call.int("axis", default: 1)
    guard block >= 0 else { throw call.malformed("has a negative block size") }
    let (codes, scale, zero) = (try call.input(0), try call.input(1), call.optionalInput(2))
    guard block > 0 else { return [try real(codes, scale: scale, zero: zero, axis: axis, call)] }
    guard case .codes(let weight) = codes else {
      return [call.opaque(shape: codes.shape, type: scale.type, "dequantises computed numbers in blocks")]
    }
    return [try blocked(weight, scale: scale, zero: zero, axis: try call.axis(axis, rank: codes.shape.count), block, call)]
  }

  /// The real numbers that codes stand for. Of several scales, one belongs to each place along the axis.
  static func real(
    _ codes: Tensor, scale: Tensor, zero: Tensor?, axis: Int, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    guard case .reals(var scales) = scale else { throw call.unsupported("has scales that are computed") }
    var zeros: Weight?
    if let zero { zeros = try known(zero, "zero points", call) }
    if let zeros, zeros.count != scales.count { throw call.malformed("has \(zeros.count) zero points for \(scales.count) scales") }
    let rank = codes.shape.count
    var shape: [Int] = []
    if scales.count > 1 {
      let axis = try call.axis(axis, rank: rank)
      guard scales.count == codes.shape[axis] else {
        throw call.malformed("has \(scales.count) scales for an axis of \(codes.shape[axis])")
      }
      shape = [Int](repeating: 1, count: rank)
      shape[axis] = scales.count
    }
    scales = reshaped(scales, shape)
    zeros = zeros.map { reshaped($0, shape) }
    if case .dynamic(let dynamic) = codes { return try real(dynamic, scales, zeros, call) }
    guard let result = Weight.dequantized(try known(codes, "codes", call), zeros: zeros, scales: scales, type: scales.type) else {
      throw call.malformed("has scales of shape \(scale.shape) for codes of shape \(codes.shape)")
    }
    return .reals(result)
  }

  /// The real numbers that computed codes stand for: what was quantised, a row of a table, or else arithmetic.
  private static func real(
    _ codes: Tensor.Dynamic, _ scales: Weight, _ zeros: Weight?, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    var elements = codes.elements
    var (isReal, scale, zero) = (false, scales, zeros)
    if let quantization = call.lane.quantization(of: elements) {
      elements = quantization.elements
      guard scales.count == 1 else { throw call.unsupported("dequantises with several scales what was quantised with one") }
      if quantization.scale == scales[0], quantization.zero == zeros?[0] ?? 0 {
        isReal = true
      } else {
        // Codes of one scale read by another: (x / s + z - z') * s'.
        scale = Weight([scales[0] / quantization.scale], shape: [], type: .float32)
        zero = Weight([((zeros?[0] ?? 0) - quantization.zero) * quantization.scale], shape: [], type: .float32)
      }
    } else if let rows = realRows(codes, scale, zero, call) {
      elements = rows
      isReal = true
    }
    let tensor = call.dynamic(elements, shape: codes.shape, type: scales.type)
    if isReal { return tensor }
    let difference = try zero.map { zero throws(ImportFailure) in try combined(.subtract, tensor, .reals(zero), call) } ?? tensor
    return try combined(.multiply, difference, .reals(scale), call)
  }

  /// Rows of a table of codes as rows of the table of what the codes stand for; nil where elements are no whole rows.
  private static func realRows(_ codes: Tensor.Dynamic, _ scale: Weight, _ zero: Weight?, _ call: Call) -> [Element]? {
    guard let first = codes.elements.first else { return nil }
    let width = call.lane.trace.values[Int(first.value)].count
    guard codes.elements.count % width == 0, scale.shape.isEmpty || codes.shape.last == width && scale.shape.last == width else {
      return nil
    }
    func real(_ table: Weight) -> Weight? {
      Weight.dequantized(
        table, zeros: zero.map { reshaped($0, $0.count == 1 ? [] : [$0.count]) },
        scales: reshaped(scale, scale.count == 1 ? [] : [scale.count]), type: scale.type)
    }
    var elements: [Element] = []
    for start in stride(from: 0, to: codes.elements.count, by: width) {
      guard let number = call.lane.trace.whole(Array(codes.elements[start..<(start + width)])) else { return nil }
      let row: Trace.Source
      switch call.lane.trace.values[number].source {
      case .row(let table, let source, let add):
        guard let table = real(table) else { return nil }
        row = .row(table: table, source, add: add)
      case .windowRow(let table, let source, let add, let position):
        guard let table = real(table) else { return nil }
        row = .windowRow(table: table, source, add: add, position: position)
      default: return nil
      }
      elements += call.lane.trace.make(row, count: width, node: call.number)
    }
    return elements
  }

  /// Codes in blocks along an axis, each with a scale of its own; the last block may be shorter.
  private static func blocked(
    _ weight: Weight, scale: Tensor, zero: Tensor?, axis: Int, _ block: Int, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    guard case .reals(let scales) = scale else { throw call.unsupported("has scales that are computed") }
    let zeros = try zero.map { zero throws(ImportFailure) in try known(zero, "zero points", call) }
    var codes = weight
    guard block <= Call.mostElements else { throw call.malformed("has a block size of \(block)") }
    codes.layout = weight.layout.blocked(axis: axis, by: block)
    var shape = weight.shape
    shape[axis] = codes.shape[axis]
    guard scales.shape == shape, zeros?.shape ?? shape == shape else {
      throw call.malformed("has scales of shape \(scale.shape) for codes of shape \(weight.shape) in blocks of \(block)")
    }
    shape.insert(1, at: axis + 1)
    guard
      var result = Weight.dequantized(
        codes, zeros: zeros.map { reshaped($0, shape) }, scales: reshaped(scales, shape), type: scales.type)
    else { throw call.malformed("has scales of shape \(scale.shape) for codes of shape \(weight.shape)") }
    shape = weight.shape
    shape[axis] = codes.shape[axis] * block
    result.layout = Layout(contiguous: shape).sliced(axis: axis, start: 0, count: weight.shape[axis])
    return .reals(result)
  }

  // MARK: From real numbers to codes

  private static func quantize(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    guard call.int("block_size", default: 0) == 0 else { throw call.unsupported("quantises in blocks") }
    return [try coded(try call.input(0), scale: try call.input(1), zero: call.optionalInput(2), call)]
  }

  /// Quantised numbers: known ones as codes, computed ones as themselves until somebody reads them with a scale.
  static func coded(_ tensor: Tensor, scale: Tensor, zero: Tensor?, _ call: Call) throws(ImportFailure) -> Tensor {
    let declared = DataType(inFile: call.int("output_dtype", default: 0))
    let type = zero?.type ?? declared ?? .uint8
    guard let range = type.codeRange else {
      throw call.unsupported("quantises to a type that is not supported")
    }
    guard case .reals(let scales) = scale, scales.count == 1 else {
      return call.opaque(shape: tensor.shape, type: type, "quantises with several scales or computed ones")
    }
    let offset = try zero.map { zero throws(ImportFailure) in try known(zero, "a zero point", call) }?[0] ?? 0
    let step = scales[0]
    guard step > 0, step.isFinite else { throw call.malformed("has a scale of \(step)") }
    guard case .dynamic(let dynamic) = tensor else {
      try call.checked(tensor.shape)
      let codes = (tensor.knownReals ?? []).map { number in
        min(max((number / step).rounded(.toNearestOrEven) + offset, Double(range.lowerBound)), Double(range.upperBound))
      }
      return .codes(Weight(codes, shape: tensor.shape, type: type))
    }
    var elements = dynamic.elements
    if offset == Double(range.lowerBound), !call.lane.isNeverNegative(elements) {
      elements = call.lane.unary(.relu, elements, node: call.number)
    } else if offset == Double(range.upperBound) {
      let mirrored = call.lane.unary(.relu, call.lane.unary(.negate, elements, node: call.number), node: call.number)
      elements = call.lane.unary(.negate, mirrored, node: call.number)
    }
    let codes = call.opaque(shape: dynamic.shape, type: type, "quantises numbers whose codes are used without being dequantised")
    if case .dynamic(let codes) = codes {
      call.lane.quantizedNodes.insert(call.number)
      call.lane.note(codes.elements, quantize: elements, scale: step, zero: offset)
    }
    return codes
  }

  /// The numbers themselves, as codes of scale one.
  private static func quantizeDynamically(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    call.lane.quantizedNodes.insert(call.number)
    return [try call.input(0), .reals(one), .codes(none)]
  }

  private static let one = Weight([1], shape: [], type: .float32)
  private static let none = Weight([0], shape: [], type: .uint8)

  // MARK: Products of codes

  /// Codes less their zero point, as real numbers.
  ///
  /// Of several zero points, those of a left operand belong to its rows and those of a right one to its columns.
  private static func shifted(_ index: Int, zero: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    let tensor = try call.input(index)
    let zeros = try call.optionalInput(zero).map { zero throws(ImportFailure) in try known(zero, "zero points", call) }
    if case .dynamic(let dynamic) = tensor {
      var elements = dynamic.elements
      var (start, step) = (0.0, 1.0)
      if let quantization = call.lane.quantization(of: elements) {
        (elements, start, step) = (quantization.elements, quantization.zero, quantization.scale)
      }
      guard zeros?.uniformValue ?? start == start || zeros == nil && start == 0 else {
        return call.opaque(shape: tensor.shape, type: .float32, "takes codes with another zero point than they were made with")
      }
      let real = call.dynamic(elements, shape: dynamic.shape, type: .float32)
      return try combined(.divide, real, .reals(Weight([step], shape: [], type: .float32)), call)
    }
    var shape: [Int] = []
    if let zeros, zeros.count > 1 {
      shape = zeros.shape.count > 1 ? zeros.shape : index == 0 ? [zeros.count, 1] : [zeros.count]
    }
    guard
      let result = Weight.dequantized(
        try known(tensor, "codes", call), zeros: zeros.map { reshaped($0, shape) }, scales: nil, type: .float32)
    else { throw call.malformed("has zero points of shape \(zeros?.shape ?? []) for codes of shape \(tensor.shape)") }
    return .reals(result)
  }

  // MARK: Operands

  /// Whole numbers that must be known, as a view.
  static func known(_ tensor: Tensor, _ what: String, _ call: Call) throws(ImportFailure) -> Weight {
    switch tensor {
    case .codes(let weight), .reals(let weight): return weight
    case .integers(let integers):
      return Weight(integers.values.map { Double($0) }, shape: integers.shape, type: .float64)
    case .dynamic: throw call.unsupported("has \(what) that are computed")
    }
  }

  /// The same numbers under another shape of as many.
  static func reshaped(_ weight: Weight, _ shape: [Int]) -> Weight {
    guard let layout = weight.layout.reshaped(shape) else { return Weight(weight.values, shape: shape, type: weight.type) }
    var result = weight
    result.layout = layout
    return result
  }
}
