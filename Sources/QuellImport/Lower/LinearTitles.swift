/// What the linear operations of a flow are called.
///
/// Most exports name the module of each; where they name only its last part (`key_3`), the layer is found upstream, in the
/// nearest parameter or linear operation that knows its own.
struct LinearTitles {
  /// The title of each linear operation by its value of the trace, empty where nothing names it.
  private(set) var titles: [Int: String] = [:]

  private let flow: Flow

  init(_ flow: Flow, heads: Set<Int>, nodes: [ONNXNode]) {
    self.flow = flow
    let live = flow.liveness.values
    for number in live.indices where live[number] {
      let value = flow.trace.values[number]
      guard case .linear(let matrix, _, let bias) = value.source else { continue }
      let node = nodes.indices.contains(value.node) ? nodes[value.node] : nil
      titles[number] = SiteNames.title(matrix, bias.flatMap { flow.trace.name(of: $0) }, node)
    }
    let vague = titles.keys.sorted().filter { !heads.contains($0) && !SiteNames.hasLayer(titles[$0] ?? "") }
    let count = vague.reduce(into: [:]) { $0[leaf($1), default: 0] += 1 }
    for number in vague where count[leaf(number), default: 0] > 1 {
      if let owner = owner(of: number) { titles[number] = (owner + [leaf(number)]).joined(separator: ".") }
    }
  }

  /// The last part of a title, without the number that tells equal ones apart.
  private func leaf(_ number: Int) -> String {
    guard let last = titles[number]?.split(separator: ".").last else { return "linear" }
    let parts = last.split(separator: "_")
    return parts.count > 1 && parts[parts.count - 1].allSatisfy(\.isNumber) ? parts.dropLast().joined(separator: "_") : String(last)
  }

  /// The module of the nearest thing upstream that names its layer.
  private func owner(of number: Int) -> [String]? {
    var seen: Set<Int32> = [Int32(number)]
    var queue = [number]
    var next = 0
    while next < queue.count {
      let value = flow.trace.values[queue[next]]
      next += 1
      var operands: [Int] = []
      for operand in value.source.operands {
        // Neighbours mostly belong to one value, which is looked at once.
        var last: Int32 = -1
        for element in operand where element.value != last {
          last = element.value
          if seen.insert(last).inserted { operands.append(Int(last)) }
        }
      }
      // A parameter belongs where it is used; what is computed may come from the layer before.
      let paths = operands.sorted { isConstant($0) && !isConstant($1) }.compactMap { path(of: $0) }
      if let path = paths.first(where: { SiteNames.hasLayer($0.joined(separator: ".")) }) { return path }
      queue += operands
    }
    return nil
  }

  private func isConstant(_ number: Int) -> Bool {
    if case .constant = flow.trace.values[number].source { true } else { false }
  }

  private func path(of number: Int) -> [String]? {
    switch flow.trace.values[number].source {
    case .constant(let weight): SiteNames.path(weight.source.name, keepsLast: false)
    case .linear: titles[number].map { $0.split(separator: ".").dropLast().map(String.init) }
    default: nil
    }
  }
}

extension Trace {
  /// The stored tensor that all of a list comes from.
  func name(of elements: [Element]) -> String? {
    guard let first = elements.first, elements.allSatisfy({ $0.value == first.value }),
      case .constant(let weight) = values[Int(first.value)].source
    else { return nil }
    return weight.source.name
  }
}
