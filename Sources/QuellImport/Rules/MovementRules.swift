extension Rules {
  /// Operators that only move numbers by changing a layout, or put tensors side by side.
  static let movement: [String: Rule] = [
    "Identity": { call throws(ImportFailure) in [try call.input(0)] },
    "Dropout": { call throws(ImportFailure) in [try call.input(0), nil] },
    "Cast": cast,
    "CastLike": { call throws(ImportFailure) in [try converted(try call.input(0), to: try call.input(1).type, call)] },
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Expand": expand,
    "Slice": slice,
    "Split": split,
    "Concat": concat,
    "Tile": tile,
  ]

  private static func cast(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    guard let type = DataType(inFile: call.int("to", default: 0)) else { throw call.unsupported("casts to an unknown type") }
    return [try converted(try call.input(0), to: type, call)]
  }

  private static func converted(_ tensor: Tensor, to type: DataType, _ call: Call) throws(ImportFailure) -> Tensor {
    if tensor.type == type { return tensor }
    switch tensor {
    case .integers(var integers):
      if type.isReal { return .reals(Weight(integers.values.map { Double($0) }, shape: integers.shape, type: type)) }
      integers.values = integers.values.map { wrapped($0, type) }
      integers.type = type
      return .integers(integers)
    case .reals(let weight):
      // Widening keeps every number, so the file's own bytes still serve.
      if type.isReal {
        if type.size >= weight.type.size { return tensor }
        return .reals(Weight(weight.values, shape: weight.shape, type: type, name: weight.source.name))
      }
      let values = weight.values.map { number in
        type == .bool ? (number != 0 ? 1 : 0) : wrapped(Int64(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max), type)
      }
      return .integers(Tensor.Integers(shape: weight.shape, values: values, type: type))
    case .codes(let weight):
      if type.isReal, let reals = Weight.dequantized(weight, zeros: nil, scales: nil, type: type) { return .reals(reals) }
      try call.checked(weight.shape)
      return try converted(tensor.counted, to: type, call)
    case .dynamic(var dynamic):
      // The program computes in single precision throughout; truth values stay what they are until they choose.
      let isTruth = call.lane.judgements(of: dynamic.elements) != nil
      guard isTruth || type.isReal == dynamic.type.isReal && type != .bool else {
        return call.opaque(shape: dynamic.shape, type: type, "casts computed numbers to another kind")
      }
      dynamic.type = type
      return .dynamic(dynamic)
    }
  }

  private static func wrapped(_ value: Int64, _ type: DataType) -> Int64 {
    switch type {
    case .bool: value == 0 ? 0 : 1
    case .int8: Int64(Int8(truncatingIfNeeded: value))
    case .uint8: Int64(UInt8(truncatingIfNeeded: value))
    case .int16: Int64(Int16(truncatingIfNeeded: value))
    case .uint16: Int64(UInt16(truncatingIfNeeded: value))
    case .int32: Int64(Int32(truncatingIfNeeded: value))
    case .uint32: Int64(UInt32(truncatingIfNeeded: value))
    default: value
    }
  }

  /// The tensor under another shape of as many elements.
  static func reshaped(_ tensor: Tensor, to shape: [Int], _ call: Call) throws(ImportFailure) -> Tensor {
    guard shape.allSatisfy({ $0 >= 0 }), shape.count <= 16, shape.checkedProduct == tensor.count,
      let result = tensor.moved({ $0.reshaped(shape) })
    else { throw call.inconsistent("reshapes \(tensor.shape) to \(shape)") }
    return result
  }

  private static func reshape(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    guard var shape = try call.integers(attribute: "shape", orInput: 1) else { throw call.malformed("lacks a shape") }
    let keepsZero = call.int("allowzero", default: 0) != 0
    for axis in shape.indices where shape[axis] == 0 && !keepsZero {
      guard axis < tensor.shape.count else { throw call.inconsistent("reshapes \(tensor.shape) to \(shape)") }
      shape[axis] = tensor.shape[axis]
    }
    if let free = shape.firstIndex(of: -1) {
      shape[free] = 1
      guard let rest = shape.checkedProduct, rest > 0, tensor.count % rest == 0 else {
        throw call.inconsistent("reshapes \(tensor.shape) to \(shape)")
      }
      shape[free] = tensor.count / rest
    }
    return [try reshaped(tensor, to: shape, call)]
  }

  private static func flatten(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let given = call.int("axis", default: 1)
    let axis = given == tensor.shape.count ? given : try call.axis(given, rank: tensor.shape.count)
    return [try reshaped(tensor, to: [Array(tensor.shape[..<axis]).product, Array(tensor.shape[axis...]).product], call)]
  }

  private static func squeeze(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let rank = tensor.shape.count
    var gone: Set<Int> = []
    if let axes = try call.integers(attribute: "axes", orInput: 1) {
      for axis in axes { gone.insert(try call.axis(axis, rank: rank)) }
    } else {
      gone = Set(tensor.shape.indices.filter { tensor.shape[$0] == 1 })
    }
    return [try reshaped(tensor, to: tensor.shape.indices.filter { !gone.contains($0) }.map { tensor.shape[$0] }, call)]
  }

  private static func unsqueeze(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    guard let axes = try call.integers(attribute: "axes", orInput: 1) else { throw call.malformed("lacks axes") }
    let rank = tensor.shape.count + axes.count
    var added: Set<Int> = []
    for axis in axes {
      guard added.insert(try call.axis(axis, rank: rank)).inserted else { throw call.malformed("adds an axis twice") }
    }
    var rest = tensor.shape.makeIterator()
    return [try reshaped(tensor, to: (0..<rank).map { added.contains($0) ? 1 : rest.next() ?? 1 }, call)]
  }

  private static func transpose(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let permutation = call.ints("perm") ?? tensor.shape.indices.reversed()
    guard permutation.sorted() == Array(tensor.shape.indices) else { throw call.malformed("has a permutation that is none") }
    return [tensor.moved { $0.transposed(permutation) }]
  }

  private static func expand(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let wanted = try call.integers(1, "lengths")
    guard wanted.allSatisfy({ $0 >= 0 }), let shape = broadcastShape(tensor.shape, wanted) else {
      throw call.inconsistent("expands \(tensor.shape) to \(wanted)")
    }
    try call.checked(shape)
    return [tensor.moved { $0.broadcast(to: shape) }]
  }

  private static func slice(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    guard let starts = try call.integers(attribute: "starts", orInput: 1), let ends = try call.integers(attribute: "ends", orInput: 2)
    else { throw call.malformed("lacks limits") }
    let axes = try call.integers(attribute: "axes", orInput: 3) ?? Array(starts.indices)
    let steps = try call.integers(attribute: "steps", orInput: 4) ?? [Int](repeating: 1, count: starts.count)
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw call.malformed("has limits of different lengths")
    }
    var result = tensor
    for index in starts.indices {
      let axis = try call.axis(axes[index], rank: tensor.shape.count)
      let length = tensor.shape[axis]
      let step = steps[index]
      guard step != 0, step != .min else { throw call.malformed("has a step of \(step)") }
      func clamped(_ value: Int, _ low: Int, _ high: Int) -> Int { min(max(value < 0 ? value &+ length : value, low), high) }
      let start = step > 0 ? clamped(starts[index], 0, length) : clamped(starts[index], 0, length - 1)
      let end = step > 0 ? clamped(ends[index], 0, length) : clamped(ends[index], -1, length - 1)
      let reach = step > 0 ? end - start : start - end
      let count = reach <= 0 || length == 0 ? 0 : (reach - 1) / abs(step) + 1
      guard let moved = result.moved({ $0.sliced(axis: axis, start: start, count: count, step: count > 1 ? step : 1) }) else { continue }
      result = moved
    }
    return [result]
  }

  private static func split(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let axis = try call.axis(call.int("axis", default: 0), rank: tensor.shape.count)
    let length = tensor.shape[axis]
    let parts = max(call.node.outputs.count, 1)
    let size = (length + parts - 1) / parts
    let sizes =
      try call.integers(attribute: "split", orInput: 1) ?? (0..<parts).map { max(min(size, length - $0 * size), 0) }
    var start = 0
    var results: [Tensor?] = []
    for size in sizes {
      guard size >= 0, size <= length - start else { throw call.inconsistent("splits \(length) into \(sizes)") }
      results.append(tensor.moved { $0.sliced(axis: axis, start: start, count: size) })
      start += size
    }
    return results
  }

  private static func concat(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    var tensors: [Tensor] = []
    for index in call.inputs.indices { tensors.append(try call.input(index)) }
    guard let first = tensors.first else { throw call.malformed("has no inputs") }
    let axis = try call.axis(call.int("axis", default: 0), rank: first.shape.count)
    var shape = first.shape
    shape[axis] = 0
    for tensor in tensors {
      var other = tensor.shape
      guard other.count == shape.count else { throw call.inconsistent("joins shapes \(tensors.map { $0.shape })") }
      shape[axis] += other[axis]
      other[axis] = shape[axis]
      guard other == shape else { throw call.inconsistent("joins shapes \(tensors.map { $0.shape })") }
    }
    try call.checked(shape)
    let inner = Array(shape[(axis + 1)...]).product
    var picks = Picks(tensors)
    for outer in 0..<Array(shape[..<axis]).product {
      for (number, tensor) in tensors.enumerated() {
        let run = tensor.shape[axis] * inner
        for index in 0..<run { picks.append(number, outer * run + index) }
      }
    }
    return [picks.assembled(shape: shape, in: call)]
  }

  private static func tile(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let repeats = try call.integers(1, "repeats")
    guard repeats.count == tensor.shape.count, repeats.allSatisfy({ $0 >= 0 && $0 <= Call.mostElements }) else {
      throw call.malformed("has wrong repeats")
    }
    let shape = zip(tensor.shape, repeats).map { $0 &* $1 }
    let count = try call.checked(shape)
    let from = Layout(contiguous: tensor.shape)
    var picks = Picks([tensor])
    for index in 0..<count {
      var rest = index
      var place = 0
      for axis in shape.indices.reversed() {
        place += rest % shape[axis] % tensor.shape[axis] * from.strides[axis]
        rest /= shape[axis]
      }
      picks.append(0, place)
    }
    return [picks.assembled(shape: shape, in: call)]
  }
}
