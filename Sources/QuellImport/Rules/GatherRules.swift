extension Rules {
  /// Operators that choose elements by known indices; the token itself may choose a row of a table.
  static let gathering: [String: Rule] = [
    "Gather": gather,
    "GatherElements": gatherElements,
    "GatherND": gatherSlices,
    "ScatterElements": scatterElements,
    "Scatter": scatterElements,
    "ScatterND": scatterSlices,
    "Where": choose,
  ]

  private static func gather(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let data = try call.input(0)
    let axis = try call.axis(call.int("axis", default: 0), rank: data.shape.count)
    return try gather(data, try call.input(1), axis: axis, call)
  }

  static func gather(_ data: Tensor, _ choice: Tensor, axis: Int, _ call: Call) throws(ImportFailure) -> [Tensor?] {
    call.lane.gathered = data.stored
    let shape = data.shape[..<axis] + choice.shape + data.shape[(axis + 1)...]
    try call.checked(Array(shape))
    guard case .integers(let indices) = choice else { return [row(data, choice, axis, Array(shape), call)] }
    let length = data.shape[axis]
    func place(_ index: Int64) throws(ImportFailure) -> Int {
      guard index >= -Int64(length), index < length else {
        throw call.inconsistent("takes element \(index) of an axis of \(length)")
      }
      return Int(index < 0 ? index + Int64(length) : index)
    }
    if indices.values.count == 1 {
      let start = try place(indices.values[0])
      guard let one = data.moved({ $0.sliced(axis: axis, start: start, count: 1) }) else { return [] }
      return [try reshaped(one, to: Array(shape), call)]
    }
    let inner = Array(data.shape[(axis + 1)...]).product
    var picks = Picks([data])
    for outer in 0..<Array(data.shape[..<axis]).product {
      for index in indices.values {
        let start = (outer * length + (try place(index))) * inner
        for at in start..<(start + inner) { picks.append(0, at) }
      }
    }
    return [picks.assembled(shape: Array(shape), in: call)]
  }

  /// The row of a table that the token chooses; several where the graph takes a window of tokens.
  private static func row(_ data: Tensor, _ choice: Tensor, _ axis: Int, _ shape: [Int], _ call: Call) -> Tensor {
    let refusal = "gathers by computed indices; only the token may choose, one row of a table of two axes"
    guard case .dynamic(let index) = choice, let table = data.stored, table.shape.count == 2, axis == 0 else {
      return call.opaque(shape: shape, type: data.type, refusal)
    }
    var elements: [Element] = []
    for element in index.elements {
      guard let source = call.lane.rowSource(element, table) else {
        let several =
          "looks up \(index.elements.count) tokens at once, a number that the export fixed; "
          + "export one decoding step, or a decoder whose sequences have an axis of open length"
        return call.opaque(shape: shape, type: data.type, index.elements.count > 1 ? several : refusal)
      }
      elements += call.lane.trace.make(source, count: table.shape[1], node: call.number)
    }
    return call.dynamic(elements, shape: shape, type: data.type)
  }

  private static func gatherElements(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let data = try call.input(0)
    let indices = try call.integers(1, "indices")
    let shape = try call.input(1).shape
    let axis = try call.axis(call.int("axis", default: 0), rank: data.shape.count)
    let places = try elementPlaces(indices, shape, in: data.shape, axis: axis, call)
    var picks = Picks([data])
    for place in places { picks.append(0, place) }
    return [picks.assembled(shape: shape, in: call)]
  }

  private static func scatterElements(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let data = try call.input(0)
    let indices = try call.integers(1, "indices")
    let updates = try call.input(2)
    try requireOverwrite(call)
    let axis = try call.axis(call.int("axis", default: 0), rank: data.shape.count)
    let shape = try call.input(1).shape
    guard shape == updates.shape else { throw call.inconsistent("has indices and updates of different shapes") }
    let places = try elementPlaces(indices, shape, in: data.shape, axis: axis, call)
    return [overwritten(data, updates, places.enumerated().map { ($0.element, $0.offset) }, call)]
  }

  /// Where each element of an index tensor points in the data, row-major.
  private static func elementPlaces(
    _ indices: [Int], _ shape: [Int], in data: [Int], axis: Int, _ call: Call
  ) throws(ImportFailure) -> [Int] {
    guard shape.count == data.count, shape.indices.allSatisfy({ $0 == axis || shape[$0] <= data[$0] }) else {
      throw call.inconsistent("has indices of shape \(shape) for data of shape \(data)")
    }
    let strides = Layout(contiguous: data).strides
    var places: [Int] = []
    places.reserveCapacity(indices.count)
    for (number, index) in indices.enumerated() {
      guard index >= -data[axis], index < data[axis] else {
        throw call.inconsistent("takes element \(index) of an axis of \(data[axis])")
      }
      var rest = number
      var place = (index < 0 ? index + data[axis] : index) * strides[axis]
      for other in shape.indices.reversed() {
        if other != axis { place += rest % shape[other] * strides[other] }
        rest /= shape[other]
      }
      places.append(place)
    }
    return places
  }

  private static func gatherSlices(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let data = try call.input(0)
    guard call.int("batch_dims", default: 0) == 0 else { throw call.unsupported("has batch axes") }
    let shape = try call.input(1).shape
    let (starts, inner, depth) = try sliceStarts(try call.integers(1, "indices"), shape, in: data.shape, call)
    var picks = Picks([data])
    for start in starts { for at in start..<(start + inner) { picks.append(0, at) } }
    return [picks.assembled(shape: shape.dropLast() + data.shape[depth...], in: call)]
  }

  private static func scatterSlices(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let data = try call.input(0)
    let updates = try call.input(2)
    try requireOverwrite(call)
    let (starts, inner, _) = try sliceStarts(try call.integers(1, "indices"), try call.input(1).shape, in: data.shape, call)
    guard updates.count == starts.count * inner else { throw call.inconsistent("has updates of shape \(updates.shape)") }
    var changes: [(Int, Int)] = []
    for (number, start) in starts.enumerated() { for at in 0..<inner { changes.append((start + at, number * inner + at)) } }
    return [overwritten(data, updates, changes, call)]
  }

  private static func sliceStarts(
    _ indices: [Int], _ shape: [Int], in data: [Int], _ call: Call
  ) throws(ImportFailure) -> (starts: [Int], inner: Int, depth: Int) {
    guard let depth = shape.last, depth >= 1, depth <= data.count else { throw call.inconsistent("has indices of shape \(shape)") }
    let strides = Layout(contiguous: data).strides
    var starts: [Int] = []
    for number in 0..<(indices.count / depth) {
      var start = 0
      for axis in 0..<depth {
        let index = indices[number * depth + axis]
        guard index >= -data[axis], index < data[axis] else {
          throw call.inconsistent("takes element \(index) of an axis of \(data[axis])")
        }
        start += (index < 0 ? index + data[axis] : index) * strides[axis]
      }
      starts.append(start)
    }
    let inner = Array(data[depth...]).product
    try call.checked([starts.count, inner])
    return (starts, inner, depth)
  }

  private static func requireOverwrite(_ call: Call) throws(ImportFailure) {
    let reduction = call.string("reduction", default: "none")
    guard reduction == "none" else { throw call.unsupported("scatters with reduction \"\(reduction)\"") }
  }

  /// The data with some elements replaced: pairs of a place in the data and a place in the updates.
  private static func overwritten(_ data: Tensor, _ updates: Tensor, _ changes: [(Int, Int)], _ call: Call) -> Tensor {
    let isComputed = data.isKnown ? !updates.isKnown && !changes.isEmpty : changes.count < data.count
    if isComputed {
      var elements = call.lane.elements(of: data, node: call.number)
      let others = call.lane.elements(of: updates, node: call.number)
      for (place, index) in changes { elements[place] = others[index] }
      return call.dynamic(elements, shape: data.shape, type: data.type)
    }
    var picks = Picks([data, updates])
    for index in 0..<data.count { picks.append(0, index) }
    for (place, index) in changes { picks.choices[place] = (1, Int32(truncatingIfNeeded: index)) }
    return picks.assembled(shape: data.shape, in: call)
  }

  private static func choose(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensors = [try call.input(0), try call.input(1), try call.input(2)]
    let shape = try call.broadcast(tensors)
    guard let condition = tensors[0].knownIntegers else {
      return [
        kept(tensors, shape, call) ?? chosen(tensors, shape, call)
          ?? call.opaque(shape: shape, type: tensors[1].type, "chooses by a computed condition")
      ]
    }
    let layouts = tensors.compactMap { Layout(contiguous: $0.shape).broadcast(to: shape) }
    guard layouts.count == 3 else { return [] }
    let places = layouts.map { $0.offsets }
    var picks = Picks(Array(tensors[1...]))
    for index in 0..<places[0].count {
      let choice = condition[places[0][index]] != 0 ? 0 : 1
      picks.append(choice, places[choice + 1][index])
    }
    return [picks.assembled(shape: shape, in: call)]
  }

  /// Either side of a choice, by judgements of computed numbers; nil where the condition is none.
  private static func chosen(_ tensors: [Tensor], _ shape: [Int], _ call: Call) -> Tensor? {
    let elements = tensors.map { call.lane.elements(of: $0, broadcastTo: shape, node: call.number) }
    guard tensors[1].type.isReal, let judgements = call.lane.judgements(of: elements[0]),
      let result = call.lane.chosen(elements[1], where: judgements, else: elements[2], node: call.number)
    else { return nil }
    return call.dynamic(result, shape: shape, type: tensors[1].type)
  }

  /// The side of a choice that is kept where a judgement of it holds, the other being zero; nil for any other choice.
  private static func kept(_ tensors: [Tensor], _ shape: [Int], _ call: Call) -> Tensor? {
    let elements = tensors.map { call.lane.elements(of: $0, broadcastTo: shape, node: call.number) }
    guard var judgements = call.lane.judgements(of: elements[0]) else { return nil }
    for (kept, other) in [(1, 2), (2, 1)] {
      if elements[other].allSatisfy({ call.lane.trace.known($0) == 0 }),
        let result = call.lane.kept(elements[kept], where: judgements, node: call.number)
      {
        return call.dynamic(result, shape: shape, type: tensors[kept].type)
      }
      judgements = judgements.map { Judgement($0.element, in: $0.set.complement) }
    }
    return nil
  }
}
