#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Rules {
  /// Operators that take one axis, or several, together.
  static let reductions: [String: Rule] = [
    "Softmax": softmax,
    "LogSoftmax": { call throws(ImportFailure) in
      guard let weights = try softmax(call).first ?? nil else { return [] }
      return [try logarithm(weights, call)]
    },
    "ReduceMean": reduced({ $0.reduce(0, +) / Double($0.count) }) { .mean($0, group: $1) },
    "ReduceSum": reduced({ $0.reduce(0, +) }) { .reduce(.sum, $0, group: $1) },
    "ReduceMax": reduced({ $0.max() ?? 0 }) { .reduce(.maximum, $0, group: $1) },
    "ReduceMin": { call throws(ImportFailure) in
      if try call.input(0).isKnown { return try reduced({ $0.min() ?? 0 }, nil)(call) }
      let largest = try reduced(call, of: try negated(try call.input(0), call), { _ in 0 }) { .reduce(.maximum, $0, group: $1) }
      return [try negated(largest, call)]
    },
    "ReduceProd": reduced({ $0.reduce(1, *) }, nil),
    "ReduceSumSquare": { call throws(ImportFailure) in [try sumOfSquares(call)] },
    "ReduceL1": { call throws(ImportFailure) in [try sum(call, of: try absolute(try call.input(0), call))] },
    "ReduceL2": { call throws(ImportFailure) in [try squareRoot(try sumOfSquares(call), call)] },
  ]

  private typealias Computed = @Sendable (_ elements: [Element], _ group: Int) -> Trace.Source

  private static func sum(_ call: Call, of tensor: Tensor) throws(ImportFailure) -> Tensor {
    try reduced(call, of: tensor, { $0.reduce(0, +) }) { .reduce(.sum, $0, group: $1) }
  }

  /// Sums along one axis, which is kept.
  static func sums(of tensor: Tensor, along axis: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    var shape = tensor.shape
    guard let last = tensor.moved({ $0.transposed(shape.indices.filter { $0 != axis } + [axis]) }) else { return tensor }
    let elements = call.lane.elements(of: last, node: call.number)
    let group = shape[axis]
    shape[axis] = 1
    guard group > 1 else { return tensor }
    let sums = call.lane.trace.make(.reduce(.sum, elements, group: group), count: shape.product, node: call.number)
    return call.dynamic(sums, shape: shape, type: tensor.type)
  }

  private static func sumOfSquares(_ call: Call) throws(ImportFailure) -> Tensor {
    let tensor = try call.input(0)
    return try sum(call, of: try combined(.multiply, tensor, tensor, call))
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

  private static func reduced(_ known: @escaping @Sendable ([Double]) -> Double, _ computed: Computed?) -> Rule {
    { call throws(ImportFailure) in [try reduced(call, of: try call.input(0), known, computed)] }
  }

  /// A reduction over axes: evaluated where all is known, else one computed number for every group.
  private static func reduced(
    _ call: Call, of tensor: Tensor, _ known: ([Double]) -> Double, _ computed: Computed?
  ) throws(ImportFailure) -> Tensor {
    let rank = tensor.shape.count
    let given = try call.integers(attribute: "axes", orInput: 1) ?? []
    if given.isEmpty, call.int("noop_with_empty_axes", default: 0) != 0 { return tensor }
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
    if let numbers = tensor.knownReals {
      let results = stride(from: 0, to: places.count, by: group).map { start in
        known(places[start..<(start + group)].map { numbers[$0] })
      }
      if tensor.type.isReal { return .reals(Weight(results, shape: shape, type: tensor.type)) }
      let values = results.map { Int64(exactly: $0.rounded(.towardZero)) ?? 0 }
      return .integers(Tensor.Integers(shape: shape, values: values, type: tensor.type))
    }
    guard let computed, tensor.type.isReal else {
      return call.opaque(shape: shape, type: tensor.type, "reduces computed numbers, for which there is no operation")
    }
    let all = call.lane.elements(of: tensor, node: call.number)
    let source = places.map { all[$0] }
    if group == 1 { return call.dynamic(source, shape: shape, type: tensor.type) }
    let elements = call.lane.trace.make(computed(source, group), count: places.count / group, node: call.number)
    return call.dynamic(elements, shape: shape, type: tensor.type)
  }
}
