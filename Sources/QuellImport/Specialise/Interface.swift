/// What the inputs of a graph mean, found from how they are declared and where they lead, never from their names.
struct Interface {
  /// What an input is for.
  enum Role: Equatable {
    /// The token of the step.
    case token
    /// The number of positions before the step, or in a window before each of its tokens.
    case position
    /// Ones: every position may be seen.
    case mask
    /// Numbers that the step before left: recurrent state, or a cache where an axis counts positions.
    case state(Int)
  }

  /// One axis of an input at some past length.
  enum Axis: Equatable {
    case fixed(Int)
    /// As many as positions before the step.
    case past
    /// As many as positions, this one included.
    case total
  }

  /// An input of the graph.
  struct Input {
    var name: String
    var type: DataType
    var role: Role
    var axes: [Axis]

    func shape(past: Int) -> [Int] {
      axes.map {
        switch $0 {
        case .fixed(let count): count
        case .past: past
        case .total: past + 1
        }
      }
    }

    /// The axis of a cache that counts positions.
    var pastAxis: Int? { axes.firstIndex(of: .past) }
  }

  private(set) var inputs: [Input] = []
  /// How many rows the token's table has, where it is stored as such.
  private(set) var vocabulary: Int?

  /// Whether the graph takes all tokens so far at once, and nothing from step to step.
  private(set) var isWindow = false

  /// The inputs that hold state, in order.
  var states: [Input] {
    inputs.filter { if case .state = $0.role { true } else { false } }
  }

  /// Whether anything that the graph takes in depends on the position.
  var dependsOnPosition: Bool {
    inputs.contains { input in input.role == .position || input.axes.contains { $0 == .past || $0 == .total } }
  }

  /// What to do about a graph that takes several tokens, to be added to the message of what it fails of.
  var advice: String {
    guard let token = inputs.first(where: { $0.role == .token }), token.shape(past: 0).product > 1 else { return "" }
    return
      "; the graph takes \(token.shape(past: 0).product) tokens at once, so export one step of one token, its states being inputs and outputs"
  }

  init(_ graph: ONNXGraph) throws(ImportFailure) {
    let stored = Set(graph.initializers.map { $0.name })
    let declared = graph.inputs.filter { !stored.contains($0.name) }
    let paths = TablePaths(graph)
    let outputLengths = Set(
      graph.outputs.compactMap { output -> Int? in
        if case .fixed(let count)? = output.shape?.last { count } else { nil }
      })
    let whole = declared.filter { DataType(rawValue: $0.type).map { !$0.isReal && $0 != .bool } ?? false }
    let candidates = whole.compactMap { input in paths.rows(from: input.name, throughArithmetic: false).map { (input, $0) } }
    guard let (token, rows) = candidates.first(where: { outputLengths.contains($0.1) }) ?? candidates.first else {
      throw .unsupported(
        "No input of whole numbers chooses a row of a table, so none is the token; export the language model with token ids as input.")
    }
    vocabulary = rows
    let tokenSymbols = Set(
      (token.shape ?? []).compactMap { axis -> String? in
        if case .symbol(let name) = axis, !name.isEmpty { name } else { nil }
      })
    let isStateless = !declared.contains { DataType(rawValue: $0.type)?.isReal ?? false }
    let window = isStateless ? Interface.openAxis(token.shape ?? []) : nil
    isWindow = window != nil
    var states = 0
    for input in declared {
      guard let type = DataType(rawValue: input.type), let shape = input.shape else {
        throw .unsupported("Input \"\(input.name)\" is no tensor of declared shape and known type.")
      }
      if input.name == token.name {
        var axes: [Axis] = shape.map { .fixed(Interface.fixed($0) ?? 1) }
        if let window { axes[window] = .total }
        inputs.append(Input(name: input.name, type: type, role: .token, axes: axes))
        continue
      }
      let isPosition = !type.isReal && paths.rows(from: input.name, throughArithmetic: true) != nil
      let free = Interface.freeAxes(shape, except: tokenSymbols)
      var axes: [Axis] = shape.map { .fixed(Interface.fixed($0) ?? 1) }
      let role: Role
      if isWindow {
        for axis in shape.indices where axis == Interface.openAxis(shape) || shape[axis] == token.shape?[window ?? 0] {
          axes[axis] = .total
        }
        role = isPosition ? .position : .mask
      } else if type.isReal {
        guard free.count <= 1 else {
          throw .unsupported(
            "Input \"\(input.name)\" has \(free.count) axes of open length; a cache may have one, the positions. "
              + "Export one decoding step with past keys and values.")
        }
        for axis in free { axes[axis] = .past }
        role = .state(states)
        states += 1
      } else if isPosition || free.isEmpty {
        role = isPosition || type != .bool && axes.allSatisfy { $0 == .fixed(1) } ? .position : .mask
      } else {
        if let axis = free.last { axes[axis] = .total }
        role = .mask
      }
      inputs.append(Input(name: input.name, type: type, role: role, axes: axes))
    }
  }

  private static func fixed(_ axis: ONNXValue.Axis) -> Int? {
    if case .fixed(let count) = axis { count } else { nil }
  }

  /// The axis of a window of tokens: the last one of open length, but not the batch before it.
  private static func openAxis(_ shape: [ONNXValue.Axis]) -> Int? {
    guard let axis = shape.lastIndex(where: { Interface.fixed($0) == nil }), axis > 0 || shape.count == 1 else { return nil }
    return axis
  }

  /// The axes whose length is open once the batch and the token's own axes are one.
  private static func freeAxes(_ shape: [ONNXValue.Axis], except symbols: Set<String>) -> [Int] {
    var free = shape.indices.filter {
      if case .symbol(let name) = shape[$0] { !symbols.contains(name) } else { false }
    }
    // An open first axis beside another open one is a batch with a symbol of its own.
    if free.count > 1, free[0] == 0 { free.removeFirst() }
    return free
  }
}

/// Which inputs lead to the indices of a table of two axes, and how many rows that table has.
private struct TablePaths {
  private static let movement: Set<String> = [
    "Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Expand", "Transpose", "Where", "Clip",
  ]
  private static let gathering: Set<String> = ["Gather", "GatherBlockQuantized"]
  private static let arithmetic: Set<String> = ["Add", "Sub"]

  private let nodes: [ONNXNode]
  /// Rows of what may serve as a table, by name.
  private var tables: [String: Int] = [:]

  init(_ graph: ONNXGraph) {
    var nodes: [ONNXNode] = []
    TablePaths.collect(graph, &nodes, &tables)
    self.nodes = nodes
    for node in nodes {
      guard let output = node.outputs.first else { continue }
      switch node.operatorType {
      case "Constant":
        if case .tensor(let tensor)? = node.attributes["value"] { TablePaths.add(tensor, output, &tables) }
      case "Identity", "Cast", "QuantizeLinear", "DequantizeLinear":
        if let input = node.inputs.first { tables[output] = tables[input] }
      default: break
      }
    }
  }

  private static func collect(_ graph: ONNXGraph, _ nodes: inout [ONNXNode], _ tables: inout [String: Int]) {
    for tensor in graph.initializers { add(tensor, tensor.name, &tables) }
    for node in graph.nodes {
      nodes.append(node)
      for attribute in node.attributes.values {
        if case .graph(let body) = attribute { collect(body, &nodes, &tables) }
      }
    }
  }

  private static func add(_ tensor: ONNXTensor, _ name: String, _ tables: inout [String: Int]) {
    guard tensor.shape.count == 2, tensor.type != DataType.int64.rawValue else { return }
    tables[name] = tensor.shape[0]
  }

  /// The rows of the first table that an input indexes, or nil where it indexes none.
  func rows(from input: String, throughArithmetic: Bool) -> Int? {
    var reached: Set<String> = [input]
    for node in nodes {
      if TablePaths.gathering.contains(node.operatorType), node.inputs.count >= 2, reached.contains(node.inputs[1]),
        let rows = tables[node.inputs[0]]
      {
        return rows
      }
      let isPassed =
        TablePaths.movement.contains(node.operatorType) && node.inputs.first.map(reached.contains) ?? false
        || throughArithmetic && TablePaths.arithmetic.contains(node.operatorType) && node.inputs.contains(where: reached.contains)
      // Branches may use the same names, so what a node defines hides what was called so before.
      if isPassed { reached.formUnion(node.outputs) } else { reached.subtract(node.outputs) }
    }
    return nil
  }
}
