extension Rules {
  /// Matrix products: with a known matrix a linear operation, of two computed ones a part of attention.
  static let products: [String: Rule] = [
    "MatMul": { call throws(ImportFailure) in [try product(try call.input(0), try call.input(1), call)] },
    "Gemm": { call throws(ImportFailure) in [try general(call)] },
  ]

  static func general(_ call: Call) throws(ImportFailure) -> Tensor {
    func operand(_ index: Int, _ flag: String) throws(ImportFailure) -> Tensor {
      let tensor = try call.input(index)
      guard tensor.shape.count == 2 else { throw call.malformed("needs matrices") }
      guard call.int(flag, default: 0) != 0 else { return tensor }
      return tensor.moved { $0.transposed([1, 0]) } ?? tensor
    }
    func scalar(_ name: String) -> Tensor {
      .reals(Weight([Double(call.float(name, default: 1))], shape: [], type: .float32))
    }
    var result = try product(try operand(0, "transA"), try operand(1, "transB"), call)
    result = try combined(.multiply, result, scalar("alpha"), call)
    guard var addend = call.optionalInput(2) else { return result }
    if call.float("beta", default: 1) != 1 { addend = try combined(.multiply, addend, scalar("beta"), call) }
    return try combined(.add, result, addend, call)
  }

  static func product(_ left: Tensor, _ right: Tensor, _ call: Call) throws(ImportFailure) -> Tensor {
    guard !left.shape.isEmpty, !right.shape.isEmpty else { throw call.malformed("multiplies numbers without axes") }
    // A vector on the left is a row, on the right a column; the added axis goes again at the end.
    let leftShape = left.shape.count == 1 ? [1] + left.shape : left.shape
    let rightShape = right.shape.count == 1 ? right.shape + [1] : right.shape
    let (rows, inner) = (leftShape[leftShape.count - 2], leftShape[leftShape.count - 1])
    let columns = rightShape[rightShape.count - 1]
    guard rightShape[rightShape.count - 2] == inner, inner > 0,
      let batch = broadcastShape(leftShape.dropLast(2), rightShape.dropLast(2))
    else { throw call.inconsistent("multiplies shapes \(left.shape) and \(right.shape)") }
    let shape = batch + (left.shape.count == 1 ? [] : [rows]) + (right.shape.count == 1 ? [] : [columns])
    try call.checked(shape)

    if inner == 1, left.isKnown || right.isKnown {
      // Every element is one product.
      let factors = try combined(
        .multiply, try reshaped(left, to: leftShape, call), try reshaped(right, to: rightShape, call), call)
      return try reshaped(factors, to: shape, call)
    }
    if left.isKnown, right.isKnown { return try known(left, right, leftShape, rightShape, batch, shape, call) }
    if let matrix = matrix(right, rightShape) {
      let elements = linear(matrix, call.lane.elements(of: left, node: call.number), call)
      return call.dynamic(elements, shape: shape, type: left.type)
    }
    if let matrix = matrix(left, leftShape), columns == 1, batch.product == 1 {
      var transposed = matrix
      transposed.layout = transposed.layout.transposed([1, 0])
      let elements = linear(transposed, call.lane.elements(of: right, node: call.number), call)
      return call.dynamic(elements, shape: shape, type: right.type)
    }
    // Products that are no attention are worked out one by one.
    try call.checked(batch + [rows, inner, columns])
    let a = call.lane.elements(of: moved(left, leftShape, call), broadcastTo: batch + [rows, inner], node: call.number)
    let b = call.lane.elements(of: moved(right, rightShape, call), broadcastTo: batch + [inner, columns], node: call.number)
    let product = Trace.Product(left: a, right: b, batch: batch.product, rows: rows, inner: inner, columns: columns)
    let number = call.lane.trace.add(.product(product), count: shape.product, node: call.number)
    return call.dynamic(call.lane.trace.elements(of: number), shape: shape, type: left.type)
  }

  private static func moved(_ tensor: Tensor, _ shape: [Int], _ call: Call) -> Tensor {
    tensor.moved { $0.reshaped(shape) } ?? tensor
  }

  /// A known matrix of one copy, without the axes of length 1 in front of it.
  private static func matrix(_ tensor: Tensor, _ shape: [Int]) -> Weight? {
    guard case .reals(var weight) = tensor, shape.dropLast(2).allSatisfy({ $0 == 1 }),
      let layout = weight.layout.reshaped(Array(shape.suffix(2)))
    else { return nil }
    weight.layout = layout
    return weight
  }

  /// One linear operation for each row of the input.
  private static func linear(_ matrix: Weight, _ input: [Element], _ call: Call) -> [Element] {
    var elements: [Element] = []
    let inputs = matrix.shape[0]
    for start in stride(from: 0, to: input.count, by: inputs) {
      elements += call.lane.linear(matrix, Array(input[start..<(start + inputs)]), call)
    }
    return elements
  }

  private static func known(
    _ left: Tensor, _ right: Tensor, _ leftShape: [Int], _ rightShape: [Int], _ batch: [Int], _ shape: [Int], _ call: Call
  ) throws(ImportFailure) -> Tensor {
    let (rows, inner, columns) = (leftShape[leftShape.count - 2], leftShape[leftShape.count - 1], rightShape[rightShape.count - 1])
    try call.checked([batch.product, rows, columns, inner])
    guard let a = left.knownReals, let b = right.knownReals,
      let from = Layout(contiguous: leftShape).broadcast(to: batch + [rows, inner])?.offsets,
      let with = Layout(contiguous: rightShape).broadcast(to: batch + [inner, columns])?.offsets
    else { throw call.inconsistent("multiplies shapes \(left.shape) and \(right.shape)") }
    var results: [Double] = []
    for matrix in 0..<batch.product {
      for row in 0..<rows {
        for column in 0..<columns {
          var sum = 0.0
          for step in 0..<inner {
            sum += a[from[(matrix * rows + row) * inner + step]] * b[with[(matrix * inner + step) * columns + column]]
          }
          results.append(sum)
        }
      }
    }
    if left.type.isReal { return .reals(Weight(results, shape: shape, type: left.type)) }
    return .integers(Tensor.Integers(shape: shape, values: results.map { Int64(exactly: $0) ?? 0 }, type: left.type))
  }
}
