import COnnx

/// What must hold of a model before anything is made of it.
enum GraphCheck {
  /// Runs libonnx's checker where it knows the operator sets; newer ones are judged by `structure` alone.
  static func library(_ model: ONNXModel, _ buffer: UnsafeRawBufferPointer) throws(ImportFailure) {
    guard model.opsets.keys.allSatisfy({ $0.isEmpty }), (model.opsets[""] ?? 0) <= quell_onnx_newest_opset() else { return }
    let copy = try WeightFreeCopy.make(buffer)
    var message = [CChar](repeating: 0, count: 512)
    let result = copy.withUnsafeBytes { quell_onnx_check($0.baseAddress, $0.count, &message, message.count) }
    guard result != 0 else { return }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    throw .malformed("libonnx does not accept the model: \(line)")
  }

  /// Every name is defined once, before it is used: a graph in static single assignment form and topological order.
  static func structure(_ graph: ONNXGraph, outer: Set<String> = []) throws(ImportFailure) {
    var known = outer
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
    known.formUnion(own)
    for node in graph.nodes {
      for name in node.inputs where !name.isEmpty && !known.contains(name) {
        throw .malformed("\(node.title) reads \"\(name)\", which no earlier node, input or initializer defines.")
      }
      for attribute in node.attributes.values {
        if case .graph(let body) = attribute { try structure(body, outer: known) }
      }
      for name in node.outputs where !name.isEmpty {
        guard own.insert(name).inserted else { throw .malformed("\(node.title) defines \"\(name)\", which is defined already.") }
        known.insert(name)
      }
    }
    for output in graph.outputs where !known.contains(output.name) {
      throw .malformed("Nothing defines the graph's output \"\(output.name)\".")
    }
  }
}
