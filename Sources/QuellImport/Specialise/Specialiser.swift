import Quell

/// Runs a graph for one sequence and one token at two past lengths, side by side.
///
/// What comes out is two traces of arithmetic on vectors. Shape arithmetic, masks and positions are evaluated on the way;
/// what they have in common is what a step does. A graph in which nothing depends on the position is run once.
final class Specialiser {
  /// Two past lengths that no other length of a model is likely to be mistaken for.
  static let pasts = (3, 5)

  let model: ONNXModel
  let interface: Interface
  let lanes: [Lane]
  /// Every node that has been run; traces refer to them by number.
  private(set) var nodes: [ONNXNode] = []
  private let reader: TensorReader
  private let opset: Int
  private let early: EarlyMeasurement?
  private let isCancelled: () -> Bool

  init(
    _ model: ONNXModel, file: MappedFile, early: EarlyMeasurement? = nil, isCancelled: @escaping () -> Bool
  ) throws(ImportFailure) {
    guard let graph = model.graph else { throw .malformed("\(file.path) holds no graph; it is no ONNX model.") }
    self.model = model
    opset = Int(truncatingIfNeeded: model.opsets[""] ?? 1)
    reader = TensorReader(file)
    self.early = early
    self.isCancelled = isCancelled
    let budget = 1 << 22 + 16 * file.bytes.count
    let interface = try Interface(graph)
    self.interface = interface
    let pasts = interface.dependsOnPosition ? [Specialiser.pasts.0, Specialiser.pasts.1] : [Specialiser.pasts.0]
    lanes = pasts.map { Lane(past: $0, isWindow: interface.isWindow, budget: budget) }
    for lane in lanes { try bindInputs(lane) }
    try run(graph, needed: graph.outputs.map { $0.name })
  }

  /// An output of the graph in a lane.
  func output(_ name: String, in lane: Lane) throws(ImportFailure) -> Tensor {
    guard let tensor = lane[name] else { throw .malformed("Nothing computes the graph's output \"\(name)\".") }
    return tensor
  }

  // MARK: Inputs

  private func bindInputs(_ lane: Lane) throws(ImportFailure) {
    for input in interface.inputs {
      let shape = input.shape(past: lane.past)
      let count = shape.product
      guard shape.allSatisfy({ $0 >= 0 && $0 <= Call.mostElements }), count <= Call.mostElements else {
        throw .unsupported("Input \"\(input.name)\" of shape \(shape) is too large.")
      }
      switch input.role {
      case .token, .state:
        let source: Trace.Source = if case .state(let number) = input.role { .state(number) } else { .token }
        let number = lane.trace.add(source, count: count, node: -1)
        lane[input.name] = .dynamic(Tensor.Dynamic(shape: shape, elements: lane.trace.elements(of: number), type: input.type))
      case .position, .mask:
        var values = [Int64](repeating: input.role == .position ? Int64(lane.past) : 1, count: count)
        if input.role == .position, let axis = input.axes.firstIndex(of: .total) {
          let inner = Array(shape[(axis + 1)...]).product
          for index in values.indices { values[index] = Int64(index / inner % (lane.past + 1)) }
        }
        lane[input.name] = .integers(Tensor.Integers(shape: shape, values: values, type: input.type))
      }
    }
  }

  // MARK: Nodes

  /// Runs the nodes of a graph that `needed` depends on.
  private func run(_ graph: ONNXGraph, needed: [String]) throws(ImportFailure) {
    let order = try graph.sortedNodes()
    var wanted = Set(needed)
    var live = [Bool](repeating: false, count: graph.nodes.count)
    var lastUse: [String: Int] = [:]
    for index in order.reversed() where graph.nodes[index].outputs.contains(where: { wanted.contains($0) }) {
      let node = graph.nodes[index]
      live[index] = true
      for name in node.inputs + node.captured where !name.isEmpty {
        wanted.insert(name)
        if lastUse[name] == nil { lastUse[name] = index }
      }
    }
    var matrices: [Weight] = []
    let factors = Set(graph.nodes.indices.compactMap { live[$0] ? graph.nodes[$0].inputMajorMatrix : nil })
    for tensor in graph.initializers where wanted.contains(tensor.name) {
      let known = try reader.tensor(tensor, named: tensor.name)
      for lane in lanes { lane[tensor.name] = known }
      if case .reals(let matrix) = known, factors.contains(tensor.name) { matrices.append(matrix) }
    }
    early?.begin(matrices)
    let own = Set(graph.initializers.map { $0.name } + graph.nodes.flatMap { $0.outputs }).subtracting(needed)
    for index in order where live[index] {
      let node = graph.nodes[index]
      try run(node)
      for name in node.inputs where lastUse[name] == index && own.contains(name) {
        for lane in lanes { (lane[name], lane.positional[name]) = (nil, nil) }
      }
    }
  }

  private func run(_ node: ONNXNode) throws(ImportFailure) {
    if isCancelled() { throw .cancelled }
    if node.operatorType == "If", node.domain.isEmpty { return try runBranch(node) }
    guard let rule = Rules.all[node.domain.isEmpty ? node.operatorType : "\(node.domain).\(node.operatorType)"] else {
      guard node.domain.isEmpty else {
        throw .unsupported(
          "\(node.title) is an operator of domain \"\(node.domain)\", which is not supported; export with standard operators.")
      }
      throw .unsupported("\(node.title) is an operator that is not supported\(interface.advice).")
    }
    nodes.append(node)
    var calls = try self.calls(node)
    let isPositional = lanes[0].positional.keys.contains { node.inputs.contains($0) }
    let isComputed = calls.contains { $0.inputs.contains { $0.map { !$0.isKnown } ?? false } }
    // Among computed numbers the position must be computed too; among known ones it may decide about masks and shapes.
    if isPositional, isComputed { calls = try self.calls(node, computesPositions: true) }
    let results = try results(of: calls, rule)
    if let name = lanes[0].wrongAttribute { throw .malformed("\(node.title) has an attribute \"\(name)\" of the wrong type.") }
    for (index, name) in node.outputs.enumerated() where !name.isEmpty && results.allSatisfy({ index < $0.count }) {
      let tensors = results.map { $0[index] }
      for (lane, tensor) in zip(lanes, tensors) { try charge(tensor, to: lane, node) }
      let rows = interface.isWindow ? windowRows(calls, tensors) : positionRows(calls, tensors)
      for (lane, tensor) in zip(lanes, rows ?? tensors) { lane[name] = tensor }
    }
    if !isComputed { try notePositions(node, rule, isPositional: isPositional) }
  }

  /// What a node gives in each lane.
  private func results(of calls: [Call], _ rule: Rule) throws(ImportFailure) -> [[Tensor?]] {
    for lane in lanes { (lane.gathered, lane.wrongAttribute) = (nil, nil) }
    let first = try rule(calls[0])
    guard let other = calls.dropFirst().first else { return [first] }
    let isShared = zip(calls[0].inputs, other.inputs).allSatisfy { left, right in
      guard let left, let right else { return left == nil && right == nil }
      return left.isSame(as: right)
    }
    // What is known and made of the same is the same; a computed result belongs to its lane.
    return [first, isShared && first.allSatisfy({ $0?.isKnown ?? true }) ? first : try rule(other)]
  }

  /// The node with its inputs in each lane.
  private func calls(_ node: ONNXNode, computesPositions: Bool = false) throws(ImportFailure) -> [Call] {
    var calls: [Call] = []
    for lane in lanes {
      var inputs: [Tensor?] = []
      for name in node.inputs {
        guard !name.isEmpty else { inputs.append(nil); continue }
        guard let tensor = lane[name] else { throw .malformed("\(node.title) reads \"\(name)\", which has no value.") }
        inputs.append(computesPositions ? lane.positional[name] ?? tensor : tensor)
      }
      calls.append(Call(node: node, number: nodes.count - 1, opset: opset, inputs: inputs, lane: lane, reader: reader))
    }
    return calls
  }

  /// Remembers how known results that depend on the position are computed from it: by the node's own rule where its inputs do,
  /// else where the numbers show it.
  private func notePositions(_ node: ONNXNode, _ rule: Rule, isPositional: Bool) throws(ImportFailure) {
    guard lanes.count == 2 else { return }
    var results: [[Tensor?]] = []
    if isPositional {
      // What cannot be computed so stays what it is in each lane, which is an error only if the lanes must agree on it.
      for call in try calls(node, computesPositions: true) { if let result = try? rule(call) { results.append(result) } }
    }
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      for lane in lanes { lane.positional[name] = nil }
      guard case .reals(let first)? = lanes[0][name], case .reals(let second)? = lanes[1][name], first != second else { continue }
      var forms: [Tensor?] = results.map { index < $0.count ? $0[index] : nil }
      if !isPositional { forms = PositionForm.tensors(of: [first, second], in: lanes, node: nodes.count - 1) }
      guard forms.count == 2, forms.allSatisfy({ $0.map { !$0.isKnown } ?? false }) else { continue }
      for (lane, form) in zip(lanes, forms) { lane.positional[name] = form }
    }
  }

  /// Counts a tensor that was made element by element; stored numbers cost nothing until they are read.
  private func charge(_ tensor: Tensor?, to lane: Lane, _ node: ONNXNode) throws(ImportFailure) {
    guard let tensor else { return }
    if case .reals = tensor { return }
    if case .codes = tensor { return }
    lane.budget -= tensor.count
    guard lane.budget >= 0 else { throw .unsupported("\(node.title) makes more numbers than a model of this size should need.") }
  }

  /// A branch whose condition is known is the branch that it takes.
  private func runBranch(_ node: ONNXNode) throws(ImportFailure) {
    let conditions = lanes.map { $0[node.inputs.first ?? ""] }
    guard let taken = conditions[0]?.knownIntegers?.first, conditions.allSatisfy({ $0?.knownIntegers?.first == taken }) else {
      throw .unsupported("\(node.title) branches on the token or on computed values.")
    }
    guard case .graph(let body)? = node.attributes[taken != 0 ? "then_branch" : "else_branch"] else {
      throw .malformed("\(node.title) lacks a branch.")
    }
    try run(body, needed: body.outputs.map { $0.name })
    for (output, name) in zip(body.outputs, node.outputs) where !name.isEmpty {
      for lane in lanes { lane[name] = lane[output.name] }
    }
  }

  // MARK: Positions

  /// Rows of one table that a window's positions choose, each the one after the row before.
  private func windowRows(_ calls: [Call], _ results: [Tensor?]) -> [Tensor]? {
    guard results.count == 2, let table = lanes[0].gathered, lanes[1].gathered?.source == table.source, table.shape.count == 2,
      calls[0].int("axis", default: 0) == 0, calls[0].int("gather_axis", default: 0) == 0,
      let add = calls[0].inputs[1]?.knownIntegers?.first, add >= 0,
      calls.allSatisfy({ $0.inputs[1]?.knownIntegers == Array(add...(add &+ $0.lane.past)) }), let first = results[0],
      let second = results[1]
    else { return nil }
    return zip(calls, [first, second]).map { call, result -> Tensor in
      let elements = (0...call.lane.past).flatMap { position in
        call.lane.trace.make(
          .windowRow(table: table, .position, add: add, position: position), count: table.shape[1], node: call.number)
      }
      return call.dynamic(elements, shape: result.shape, type: result.type)
    }
  }

  /// Rows of one table that the position chooses: the same view of a stored matrix, but as many rows further on as the
  /// past is longer.
  private func positionRows(_ calls: [Call], _ results: [Tensor?]) -> [Tensor]? {
    guard results.count == 2, let a = results[0]?.stored, let b = results[1]?.stored, a.source == b.source, a.layout != b.layout,
      a.shape == b.shape, let table = lanes[0].gathered ?? calls[0].inputs[0]?.stored, table.shape.count == 2,
      table.source == a.source, a.count == table.shape[1]
    else { return nil }
    let (rows, stride) = (table.shape[0], table.layout.strides[0])
    guard stride > 0, b.layout.offset - a.layout.offset == stride * (lanes[1].past - lanes[0].past) else { return nil }
    let distance = a.layout.offset - table.layout.offset
    let add = distance / stride - lanes[0].past
    guard distance % stride == 0, add >= 0, add < rows else { return nil }
    return calls.map { call -> Tensor in
      let number = call.lane.trace.add(.row(table: table, .position, add: add), count: table.shape[1], node: call.number)
      return call.dynamic(call.lane.trace.elements(of: number), shape: a.shape, type: a.type)
    }
  }
}

extension ONNXNode {
  /// The name of the matrix that the node multiplies by, if its rows are inputs.
  fileprivate var inputMajorMatrix: String? {
    guard domain.isEmpty, inputs.count > 1 else { return nil }
    if operatorType == "MatMul" { return inputs[1] }
    if operatorType == "Gemm", attributes["transB"] == nil { return inputs[1] }
    return nil
  }

  /// The names that branches of the node take from the graph around it.
  var captured: [String] {
    attributes.values.flatMap { attribute -> [String] in
      guard case .graph(let body) = attribute else { return [] }
      let own = Set(body.initializers.map { $0.name } + body.nodes.flatMap { $0.outputs })
      let used = body.outputs.map { $0.name } + body.nodes.flatMap { $0.inputs + $0.captured }
      return used.filter { !own.contains($0) }
    }
  }
}
