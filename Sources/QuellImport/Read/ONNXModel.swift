/// An ONNX model as the file describes it; large data are ranges of the file.
struct ONNXModel {
  var irVersion: Int64 = 0
  var producer = ""
  /// Version by domain; the standard domain is the empty one.
  var opsets: [String: Int64] = [:]
  var graph: ONNXGraph?
}

/// A graph, or the body of a branch.
struct ONNXGraph {
  var nodes: [ONNXNode] = []
  var initializers: [ONNXTensor] = []
  var inputs: [ONNXValue] = []
  var outputs: [ONNXValue] = []
}

/// One application of an operator.
struct ONNXNode {
  /// Where the node's message lies in the file.
  var bytes: Range<Int> = 0..<0
  var name = ""
  var operatorType = ""
  var domain = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: [String: ONNXAttribute] = [:]
  /// The module path that the exporter recorded, outermost first; empty where it recorded none.
  var scopes: [String] = []

  /// How messages name the node.
  var title: String {
    let label = name.isEmpty ? outputs.first(where: { !$0.isEmpty }) ?? "" : name
    return "Node \"\(label)\" (\(domain.isEmpty ? "" : domain + ".")\(operatorType))"
  }
}

/// An attribute's value, of the kinds that operators use.
enum ONNXAttribute {
  case float(Float)
  case int(Int64)
  case string(String)
  case tensor(ONNXTensor)
  case graph(ONNXGraph)
  case floats([Float])
  case ints([Int64])
  case other
}

/// A declared input or output of a graph.
struct ONNXValue {
  /// One axis of a declared shape.
  enum Axis: Equatable {
    case fixed(Int)
    case symbol(String)
  }

  var name = ""
  /// The number of the element type, 0 where the value is no tensor.
  var type = 0
  /// nil where the file declares no shape.
  var shape: [Axis]?
}

/// A tensor stored in the model.
struct ONNXTensor {
  var name = ""
  /// The number of the element type.
  var type = 0
  var shape: [Int] = []
  /// Little-endian bytes in the model's file.
  var raw: Range<Int>?
  var reals: [Double] = []
  var integers: [Int64] = []
  /// Where the data lie in another file, as key and value; nil where they do not.
  var external: [String: String]?
}
