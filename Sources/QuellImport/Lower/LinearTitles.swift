/// What every linear operation of a flow is called: block and part, as the exporter called them where it did.
///
/// A name without the block gets the block of the nearest named weights on the way to the operation. Where nothing is
/// named at all, the blocks are found as what repeats.
struct LinearTitles {
  private let flow: Flow
  private let live: [Bool]
  private let nodes: [ONNXNode]
  /// The parts of the title of each linear operation.
  private var parts: [Int: [String]] = [:]

  /// The title of each linear operation, by value of the trace; none for those that make the logits.
  static func find(_ flow: Flow, live: [Bool], nodes: [ONNXNode], heads: Set<Int>) -> [Int: String] {
    var titles = LinearTitles(flow: flow, live: live, nodes: nodes)
    let linears = live.indices.filter { number in
      if case .linear = flow.trace.values[number].source { live[number] && !heads.contains(number) } else { false }
    }
    titles.find(linears)
    return titles.parts.mapValues { $0.joined(separator: ".") }
  }

  private init(flow: Flow, live: [Bool], nodes: [ONNXNode]) {
    self.flow = flow
    self.live = live
    self.nodes = nodes
  }

  private mutating func find(_ linears: [Int]) {
    let given = linears.map { names(of: $0) }
    guard given.contains(where: { !$0.isEmpty }) || linears.contains(where: { scope(of: $0) != nil }) else {
      return nameByRepetition(linears)
    }
    let stems = given.map { $0.first?.last ?? "" }
    let bases = stems.map { LinearTitles.base($0, among: Set(stems)) }
    let blocks = self.blocks
    var unnamed: [[String]: Int] = [:]
    for (index, number) in linears.enumerated() {
      if let complete = given[index].first(where: { SiteNames.layer($0) != nil }) {
        parts[number] = complete
      } else if let path = given[index].first(where: { $0.count > 1 }) {
        // A path that leads to the module but through no block: the module stands outside of them.
        parts[number] = path
      } else if !stems[index].isEmpty, bases.count(where: { $0 == bases[index] }) < blocks {
        parts[number] = [stems[index]]
      } else if let scope = scope(of: number) {
        if bases[index].isEmpty { unnamed[scope, default: 0] += 1 }
        parts[number] = scope + (bases[index].isEmpty ? ["linear", "\(unnamed[scope, default: 0])"] : [bases[index]])
      } else if !stems[index].isEmpty {
        parts[number] = [stems[index]]
      }
    }
  }

  // MARK: Names that were given

  /// What an operation's matrix, module, node and bias say of it, the most reliable first.
  private func names(of number: Int) -> [[String]] {
    let value = flow.trace.values[number]
    guard case .linear(let matrix, _, let bias) = value.source else { return [] }
    var names = [SiteNames.path(matrix.source.name, keepsLast: false)]
    if nodes.indices.contains(value.node) {
      let node = nodes[value.node]
      names.append(SiteNames.path(SiteNames.module(node.scopes), keepsLast: false))
      names.append(SiteNames.path(node.name, keepsLast: false))
    }
    if let bias, let first = bias.first, case .constant(let weight) = flow.trace.values[Int(first.value)].source {
      names.append(SiteNames.path(weight.source.name, keepsLast: false))
    }
    return names.filter { !$0.isEmpty }
  }

  /// A name without the number that an exporter adds to keep equal names apart.
  private static func base(_ stem: String, among stems: Set<String>) -> String {
    guard let dash = stem.lastIndex(of: "_"), stem[dash...].dropFirst().allSatisfy(\.isNumber), dash != stem.startIndex else { return stem }
    let base = String(stem[..<dash])
    return stems.contains(base) ? base : stem
  }

  /// How many blocks the names of weights tell of.
  private var blocks: Int {
    var scopes: Set<[String]> = []
    for (number, isLive) in live.enumerated() where isLive {
      if let scope = scope(named: number), let layer = SiteNames.layer(scope) { scopes.insert(Array(scope[...layer])) }
    }
    return scopes.count
  }

  /// The module that a named weight belongs to: the one around a normalisation, for what is a weight or a bias.
  private func scope(named number: Int) -> [String]? {
    guard case .constant(let weight) = flow.trace.values[number].source else { return nil }
    var path = SiteNames.path(weight.source.name, keepsLast: true)
    guard let layer = SiteNames.layer(path), let last = path.last, layer < path.count - 1 else { return nil }
    path.removeLast()
    if last == "weight" || last == "bias", path.count - 1 > layer { path.removeLast() }
    return path
  }

  /// The module of the nearest named weights on the way to an operation.
  private func scope(of number: Int) -> [String]? {
    guard case .linear(_, let input, _) = flow.trace.values[number].source else { return nil }
    var seen: Set<Int32> = []
    var level = [input]
    while !level.isEmpty {
      var next: [[Element]] = []
      var found: [String]?
      for operand in level {
        for value in Set(operand.map { $0.value }) where seen.insert(value).inserted {
          let known = scope(named: Int(value)) ?? parts[Int(value)].flatMap { SiteNames.layer($0) == nil ? nil : Array($0.dropLast()) }
          // The longest of those that are equally near says most.
          if let known, known.count > found?.count ?? 0 { found = known }
          next += flow.trace.values[Int(value)].source.operands
        }
      }
      if let found { return found }
      level = next
    }
    return nil
  }

  // MARK: Names that were not

  /// What can be said of an operation without names.
  private struct Form: Hashable {
    var shape: [Int]
    /// The operations that read the result.
    var readers: Set<String>
  }

  /// Numbers blocks, and operations within the blocks, where what a block does repeats.
  private mutating func nameByRepetition(_ linears: [Int]) {
    var readers: [Int: Set<String>] = [:]
    for (number, isLive) in live.enumerated() where isLive {
      let source = flow.trace.values[number].source
      for operand in source.operands {
        for value in Set(operand.map { $0.value }) { readers[Int(value), default: []].insert(source.title) }
      }
    }
    let forms = linears.map { number -> Form in
      guard case .linear(let matrix, _, _) = flow.trace.values[number].source else { return Form(shape: [], readers: []) }
      return Form(shape: matrix.shape, readers: readers[number] ?? [])
    }
    let period = (1..<max(linears.count, 2)).first { period in
      linears.count % period == 0 && forms.indices.allSatisfy { forms[$0] == forms[$0 % period] }
    }
    for (index, number) in linears.enumerated() {
      let length = period ?? linears.count
      parts[number] = ["blocks", "\(index / length)", "linear", "\(index % length + 1)"]
    }
  }
}

extension Trace.Source {
  /// The kind of operation, in a word.
  fileprivate var title: String {
    switch self {
    case .unary(let function, _): "\(function)"
    case .binary(let function, _, _): "\(function)"
    case .normalize: "normalize"
    case .linear: "linear"
    case .attention: "attention"
    default: ""
    }
  }
}
