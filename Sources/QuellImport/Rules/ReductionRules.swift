#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Rules {
  /// Operators that take one axis, or several, together.
  static let reductions: [String: Rule] = [
    "LayerNormalization": layerNormalization,
    "Softmax": softmax,
    "ReduceMean": reduced({ $0.reduce(0, +) / Double($0.count) }) { lane, x, node in
      lane.trace.make(.mean(x), count: 1, node: node)[0]
    },
    "ReduceSum": reduced({ $0.reduce(0, +) }, nil),
    "ReduceMax": reduced({ $0.max() ?? 0 }, nil),
    "ReduceMin": reduced({ $0.min() ?? 0 }, nil),
    "ReduceProd": reduced({ $0.reduce(1, *) }, nil),
  ]

  private typealias Computed = @Sendable (Lane, [Element], Int) -> Element

  private static func layerNormalization(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let axis = try call.axis(call.int("axis", default: -1), rank: tensor.shape.count)
    let epsilon = call.float("epsilon", default: 1e-5)
    return [try normalized(tensor, axis: axis, gain: call.optionalInput(1), bias: call.optionalInput(2), epsilon, call)]
  }

  /// Layer normalisation over the last axes, from the given one on.
  static func normalized(
    _ tensor: Tensor, axis: Int, gain: Tensor?, bias: Tensor?, _ epsilon: Float, _ call: Call
  ) throws(ImportFailure) -> Tensor {
    let inner = Array(tensor.shape[axis...])
    let length = inner.product
    guard length > 0 else { throw call.malformed("normalises nothing") }
    func operand(_ tensor: Tensor?) throws(ImportFailure) -> [Element]? {
      guard let tensor else { return nil }
      guard broadcastShape(tensor.shape, inner) == inner else {
        throw call.inconsistent("has a gain or bias of shape \(tensor.shape) for rows of shape \(inner)")
      }
      return call.lane.elements(of: tensor, broadcastTo: inner, node: call.number)
    }
    let (gain, bias) = (try operand(gain), try operand(bias))
    let source = call.lane.elements(of: tensor, node: call.number)
    var elements: [Element] = []
    for start in stride(from: 0, to: source.count, by: length) {
      let row = Array(source[start..<(start + length)])
      let number = call.lane.trace.add(
        .normalize(row, gain: gain, bias: bias, epsilon: epsilon), count: length, node: call.number)
      elements += call.lane.trace.elements(of: number)
    }
    return call.dynamic(elements, shape: tensor.shape, type: tensor.type)
  }

  private static func softmax(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    let rank = tensor.shape.count
    var layout = Layout(contiguous: tensor.shape)
    let group: Int
    if call.opset >= 13 {
      let axis = try call.axis(call.int("axis", default: -1), rank: rank)
      layout = layout.transposed((0..<rank).filter { $0 != axis } + [axis])
      group = tensor.shape[axis]
    } else {
      // Before version 13 the operator sees a matrix: all axes from the given one on are one row.
      let axis = try call.axis(call.int("axis", default: 1), rank: rank)
      group = Array(tensor.shape[axis...]).product
    }
    let places = layout.offsets
    if let numbers = tensor.knownReals {
      var result = numbers
      for start in stride(from: 0, to: places.count, by: max(group, 1)) {
        let row = places[start..<(start + group)]
        let top = row.map { numbers[$0] }.max() ?? 0
        let sum = row.reduce(0) { $0 + exp(numbers[$1] - top) }
        for place in row { result[place] = exp(numbers[place] - top) / sum }
      }
      return [.reals(Weight(result, shape: tensor.shape, type: tensor.type))]
    }
    let source = call.lane.elements(of: tensor, node: call.number)
    let number = call.lane.trace.add(
      .softmax(places.map { source[$0] }, group: group), count: places.count, node: call.number)
    var elements = source
    for (index, place) in places.enumerated() { elements[place] = Element(number, index) }
    return [call.dynamic(elements, shape: tensor.shape, type: tensor.type)]
  }

  /// A reduction over axes: evaluated where all is known, else one computed number for every group.
  private static func reduced(_ known: @escaping @Sendable ([Double]) -> Double, _ computed: Computed?) -> Rule {
    { call throws(ImportFailure) in
      let tensor = try call.input(0)
      let rank = tensor.shape.count
      let given = try call.integers(attribute: "axes", orInput: 1) ?? []
      if given.isEmpty, call.int("noop_with_empty_axes", default: 0) != 0 { return [tensor] }
      var axes: Set<Int> = []
      for axis in given { axes.insert(try call.axis(axis, rank: rank)) }
      if given.isEmpty { axes = Set(0..<rank) }
      let kept = (0..<rank).filter { !axes.contains($0) }
      let keepsAxes = call.int("keepdims", default: 1) != 0
      let shape =
        keepsAxes ? (0..<rank).map { axes.contains($0) ? 1 : tensor.shape[$0] } : kept.map { tensor.shape[$0] }
      let places = Layout(contiguous: tensor.shape).transposed(kept + axes.sorted()).offsets
      let group = axes.reduce(1) { $0 * tensor.shape[$1] }
      guard group > 0 else { throw call.malformed("reduces nothing") }
      let starts = stride(from: 0, to: places.count, by: group)
      if let numbers = tensor.knownReals {
        let results = starts.map { start in known(places[start..<(start + group)].map { numbers[$0] }) }
        if tensor.type.isReal { return [.reals(Weight(results, shape: shape, type: tensor.type))] }
        let values = results.map { Int64(exactly: $0.rounded(.towardZero)) ?? 0 }
        return [.integers(Tensor.Integers(shape: shape, values: values, type: tensor.type))]
      }
      guard let computed else {
        return [call.opaque(shape: shape, type: tensor.type, "reduces computed numbers, for which there is no operation")]
      }
      let source = call.lane.elements(of: tensor, node: call.number)
      let elements = starts.map { start in
        computed(call.lane, places[start..<(start + group)].map { source[$0] }, call.number)
      }
      return [call.dynamic(elements, shape: shape, type: tensor.type)]
    }
  }
}
