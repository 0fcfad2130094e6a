import COnnx

/// What must hold of a model before anything is made of it.
enum GraphCheck {
  /// Runs libonnx's checker where it knows the operator sets; newer ones are judged by `structure` alone.
  ///
  /// `order` is an order of the graph's nodes in which everything is defined before it is read: some tools leave nodes in
  /// another, which every runtime forgives and libonnx does not.
  static func library(
    _ model: ONNXModel, _ buffer: UnsafeRawBufferPointer, order: [Int]
  ) throws(ImportFailure) {
    let opset = model.opsets[""] ?? 0
    guard model.opsets.keys.allSatisfy({ $0.isEmpty }), opset <= quell_onnx_newest_opset() else { return }
    // ONNX Runtime's optimizer writes these operators into sets that do not have them, which libonnx does not forgive.
    let added: Set<String> = opset < 17 ? ["LayerNormalization", "SimplifiedLayerNormalization"] : ["SimplifiedLayerNormalization"]
    if model.graph?.nodes.contains(where: { added.contains($0.operatorType) }) ?? false { return }
    let copy = try WeightFreeCopy.make(buffer, order: order)
    var message = [CChar](repeating: 0, count: 512)
    let result = copy.withUnsafeBytes { quell_onnx_check($0.baseAddress, $0.count, &message, message.count) }
    guard result != 0 else { return }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    throw .malformed("libonnx does not accept the model: \(line)")
  }

  /// Every name is defined once, and everything that is read is defined.
  static func structure(_ graph: ONNXGraph, outer: Set<String> = []) throws(ImportFailure) {
    var own: Set<String> = []
    for input in graph.inputs {
      guard own.insert(input.name).inserted else { throw .malformed("The graph declares input \"\(input.name)\" twice.") }
    }
    var initializers: Set<String> = []
    for tensor in graph.initializers {
      guard !tensor.name.isEmpty else { throw .malformed("An initializer has no name.") }
      guard initializers.insert(tensor.name).inserted else {
        throw .malformed("The graph has two initializers named \"\(tensor.name)\".")
      }
    }
    own.formUnion(initializers)
    for node in graph.nodes {
      for name in node.outputs where !name.isEmpty {
        guard own.insert(name).inserted else { throw .malformed("\(node.title) defines \"\(name)\", which is defined already.") }
      }
    }
    let known = own.union(outer)
    for node in graph.nodes {
      for name in node.inputs where !name.isEmpty && !known.contains(name) {
        throw .malformed("\(node.title) reads \"\(name)\", which no node, input or initializer defines.")
      }
      for attribute in node.attributes.values {
        if case .graph(let body) = attribute { try structure(body, outer: known) }
      }
    }
    for output in graph.outputs where !known.contains(output.name) {
      throw .malformed("Nothing defines the graph's output \"\(output.name)\".")
    }
  }
}
