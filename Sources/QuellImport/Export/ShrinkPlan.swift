/// Finds the places of a graph where thresholds go: every input of a node through which a site's vector enters a linear
/// operation reads a `Shrink` of what it read before.
struct ShrinkPlan {
  /// A vector of the graph that is to be thresholded, for readers in one graph.
  private struct Source: Hashable {
    var graph: Int
    var tensor: String
    var theta: Float
  }

  /// A node, where it stands, and which graph it is in.
  private struct Place {
    var node: ONNXNode
    var graph: Int
  }

  /// Operators that take in quantised numbers, each of which a quantiser makes of a vector.
  private static let quantized: Set<String> = ["MatMulInteger", "QLinearMatMul", "MatMulIntegerToFloat"]
  private static let quantizers: Set<String> = ["DynamicQuantizeLinear", "QuantizeLinear"]
  private static let movement: Set<String> = ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"]

  /// Every node by where it begins in the file.
  private var places: [Int: Place] = [:]
  /// The node that makes a tensor, by graph and name.
  private var makers: [[String: Int]] = []
  /// The graph around each graph.
  private var outer: [Int?] = []
  private var names: Set<String> = []
  /// What every Shrink is called, and what reads it: nodes with the numbers of their inputs.
  private var shrinks: [Source: (name: String, readers: [(node: Int, input: Int)])] = [:]
  /// The threshold that goes before an input of a node.
  private var thetas: [Int: [Int: Float]] = [:]
  /// The node that holds each graph, by its title; none for the main one.
  private var holders: [String?] = []

  init(_ graph: ONNXGraph) {
    index(graph, in: nil, heldBy: nil)
  }

  private mutating func index(_ graph: ONNXGraph, in outer: Int?, heldBy holder: String?) {
    let number = makers.count
    makers.append([:])
    self.outer.append(outer)
    holders.append(holder)
    names.formUnion(graph.inputs.map(\.name) + graph.initializers.map(\.name))
    for node in graph.nodes {
      places[node.bytes.lowerBound] = Place(node: node, graph: number)
      names.formUnion([node.name] + node.outputs)
      for output in node.outputs { makers[number][output] = node.bytes.lowerBound }
      for attribute in node.attributes.values { if case .graph(let body) = attribute { index(body, in: number, heldBy: node.title) } }
    }
  }

  /// The nodes that hold graphs with new thresholds.
  var branches: [String] { Set(shrinks.keys.compactMap { holders[$0.graph] }).sorted() }

  // MARK: Sites

  /// Puts a threshold where the graph hands a site's vector to linear operations.
  mutating func add(_ theta: Float, atSite site: Int, of program: Program) throws(ImportFailure) {
    let name = program.siteNames[site]
    let present = program.siteThresholds[site]
    guard theta >= present else {
      throw .unsupported(
        "The graph has a threshold of \(present) at site \"\(name)\" already, above the new one of \(theta); "
          + "start from the model without thresholds.")
    }
    guard theta > present else { return }
    guard !program.siteFeeds[site].isEmpty else {
      throw .unsupported("No node could be found that takes in the vector of site \"\(name)\".")
    }
    for feed in program.siteFeeds[site] {
      guard let input = feed.input else {
        throw .unsupported(
          "\(feed.node.title) makes the vector of site \"\(name)\" itself, so that no threshold can be put before the linear operation; "
            + "export the model without fused operators.")
      }
      let (node, entry) = try entry(of: feed.node, input, name)
      guard thetas[node]?[entry] ?? theta == theta else {
        throw .unsupported(
          "\(feed.node.title) takes in the vectors of several sites at once, which have different thresholds; "
            + "export a model that multiplies them one by one.")
      }
      guard thetas[node, default: [:]].updateValue(theta, forKey: entry) == nil, let place = places[node] else { continue }
      let source = Source(graph: place.graph, tensor: place.node.inputs[entry], theta: theta)
      let title = shrinks[source]?.name ?? unused("\(name).threshold")
      shrinks[source, default: (title, [])].readers.append((node, entry))
    }
  }

  /// Where a vector enters, in real numbers: at the node itself, or at the quantiser before it.
  private func entry(of node: ONNXNode, _ input: Int, _ site: String) throws(ImportFailure) -> (node: Int, input: Int) {
    var (number, input) = (node.bytes.lowerBound, input)
    guard ShrinkPlan.quantized.contains(node.operatorType) else { return (number, input) }
    while let place = places[number], let maker = maker(of: place.node.inputs[input], in: place.graph), let before = places[maker]?.node {
      (number, input) = (maker, 0)
      if ShrinkPlan.quantizers.contains(before.operatorType) { return (number, input) }
      guard ShrinkPlan.movement.contains(before.operatorType) else { break }
    }
    throw .unsupported(
      "\(node.title) takes in the vector of site \"\(site)\" quantised, and the node that quantises it could not be found; "
        + "export the model without quantised activations.")
  }

  /// The node that makes a tensor, as a graph sees it.
  private func maker(of tensor: String, in graph: Int) -> Int? {
    var scope: Int? = graph
    while let number = scope {
      if let maker = makers[number][tensor] { return maker }
      scope = outer[number]
    }
    return nil
  }

  private mutating func unused(_ name: String) -> String {
    var result = name
    var number = 1
    while !names.insert(result).inserted {
      number += 1
      result = "\(name).\(number)"
    }
    return result
  }
}

// MARK: Edits

extension ShrinkPlan {
  /// What becomes of the nodes, by where they begin in the file.
  func edits(_ file: UnsafeRawBufferPointer) throws(ImportFailure) -> [Int: GraphRewrite.Edit] {
    var inputs: [Int: [Int: String]] = [:]
    var before: [Int: [[UInt8]]] = [:]
    for (source, shrink) in shrinks.sorted(by: { $0.value.name < $1.value.name }) {
      for reader in shrink.readers { inputs[reader.node, default: [:]][reader.input] = shrink.name }
      if let first = shrink.readers.map(\.node).min() {
        before[first, default: []].append(ShrinkPlan.shrink(source.tensor, to: shrink.name, source.theta))
      }
    }
    var edits: [Int: GraphRewrite.Edit] = [:]
    for (number, names) in inputs {
      guard let node = places[number]?.node else { continue }
      edits[number] = GraphRewrite.Edit(
        node: node.bytes, before: before[number] ?? [], replacement: try ShrinkPlan.renamed(node.bytes, names, file))
    }
    return edits
  }

  /// A node that makes zero of every number whose magnitude is not above theta.
  private static func shrink(_ source: String, to result: String, _ theta: Float) -> [UInt8] {
    var node = ProtobufBytes()
    node.append(field: 1, source.utf8)
    node.append(field: 2, result.utf8)
    node.append(field: 3, result.utf8)
    node.append(field: 4, "Shrink".utf8)
    for (name, number) in [("lambd", theta), ("bias", 0)] {
      var attribute = ProtobufBytes()
      attribute.append(field: 1, name.utf8)
      attribute.append(field: 2, real: number)
      attribute.append(field: 20, number: 1)
      node.append(field: 5, attribute.bytes)
    }
    return node.bytes
  }

  /// A node that reads other names.
  private static func renamed(
    _ range: Range<Int>, _ names: [Int: String], _ file: UnsafeRawBufferPointer
  ) throws(ImportFailure) -> [UInt8] {
    var node = ProtobufBytes()
    var reader = ProtobufReader(file, range)
    var (start, input) = (reader.position, 0)
    while let (number, _) = try reader.next() {
      if number == 1, let name = names[input] {
        node.append(field: 1, name.utf8)
      } else {
        node.append(file[start..<reader.position])
      }
      if number == 1 { input += 1 }
      start = reader.position
    }
    return node.bytes
  }
}
