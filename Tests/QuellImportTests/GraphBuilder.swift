import Foundation

/// Writes small ONNX models, wire format and all, so that tests can say exactly what is in a file.
struct GraphBuilder {
  /// One axis of a declared shape: a number, or a symbol.
  enum Axis: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case fixed(Int)
    case symbol(String)

    init(integerLiteral value: Int) { self = .fixed(value) }
    init(stringLiteral value: String) { self = .symbol(value) }
  }

  /// The version of the standard operator set that the model declares.
  var opset = 17
  private var graph: [UInt8] = []
  private var domains: Set<String> = []

  /// A field of bytes.
  static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(bytes.count) + bytes
  }

  /// A field of text.
  static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  /// A field of a number.
  static func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }

  private static func varint(_ value: Int) -> [UInt8] {
    var rest = UInt64(bitPattern: Int64(value))
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  mutating func input(_ name: String, type: Int = 1, _ shape: [Axis]) {
    graph += GraphBuilder.field(11, GraphBuilder.value(name, type, shape))
  }

  mutating func output(_ name: String, type: Int = 1, _ shape: [Axis]) {
    graph += GraphBuilder.field(12, GraphBuilder.value(name, type, shape))
  }

  private static func value(_ name: String, _ type: Int, _ shape: [Axis]) -> [UInt8] {
    var axes: [UInt8] = []
    for axis in shape {
      switch axis {
      case .fixed(let count): axes += field(1, field(1, count))
      case .symbol(let text): axes += field(1, field(2, text))
      }
    }
    return field(1, name) + field(2, field(1, field(1, type) + field(2, axes)))
  }

  /// A tensor of single-precision numbers.
  mutating func reals(_ name: String, _ shape: [Int], _ values: [Float]) {
    let raw = values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
    tensor(name, type: 1, shape, GraphBuilder.field(9, raw))
  }

  /// A tensor of whole numbers.
  mutating func integers(_ name: String, _ shape: [Int], _ values: [Int]) {
    let raw = values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian) { Array($0) } }
    tensor(name, type: 7, shape, GraphBuilder.field(9, raw))
  }

  /// A tensor of quantised numbers: their type, and their bytes as they lie in the file.
  mutating func codes(_ name: String, type: Int, _ shape: [Int], _ bytes: [UInt8]) {
    tensor(name, type: type, shape, GraphBuilder.field(9, bytes))
  }

  /// A tensor whose data lie in another file.
  mutating func external(_ name: String, _ shape: [Int], _ entries: [String: String]) {
    var data = GraphBuilder.field(14, 1)
    for (key, value) in entries { data += GraphBuilder.field(13, GraphBuilder.field(1, key) + GraphBuilder.field(2, value)) }
    tensor(name, type: 1, shape, data)
  }

  /// A tensor with data fields as given.
  mutating func tensor(_ name: String, type: Int, _ shape: [Int], _ data: [UInt8]) {
    let dimensions = shape.flatMap { GraphBuilder.field(1, $0) }
    graph += GraphBuilder.field(5, dimensions + GraphBuilder.field(2, type) + GraphBuilder.field(8, name) + data)
  }

  /// Bytes in the graph message as they are.
  mutating func raw(_ bytes: [UInt8]) { graph += bytes }

  /// A node, named after its first output unless it is given a name.
  mutating func node(
    _ operation: String, _ inputs: [String], _ outputs: [String], ints: [String: Int] = [:], floats: [String: Float] = [:],
    domain: String = "", name: String? = nil
  ) {
    var bytes = inputs.flatMap { GraphBuilder.field(1, $0) } + outputs.flatMap { GraphBuilder.field(2, $0) }
    bytes += GraphBuilder.field(3, name ?? "make_\(outputs[0])") + GraphBuilder.field(4, operation)
    for (key, value) in ints {
      bytes += GraphBuilder.field(5, GraphBuilder.field(1, key) + GraphBuilder.field(3, value) + GraphBuilder.field(20, 2))
    }
    for (key, value) in floats {
      let number: [UInt8] = [2 << 3 | 5] + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      bytes += GraphBuilder.field(5, GraphBuilder.field(1, key) + number + GraphBuilder.field(20, 1))
    }
    if !domain.isEmpty {
      bytes += GraphBuilder.field(7, domain)
      domains.insert(domain)
    }
    graph += GraphBuilder.field(1, bytes)
  }

  /// The graph's own bytes, as a branch holds them.
  var body: [UInt8] { GraphBuilder.field(2, "branch") + graph }

  /// An attribute that holds a graph.
  static func branch(_ name: String, _ body: [UInt8]) -> [UInt8] { field(5, field(1, name) + field(6, body) + field(20, 5)) }

  /// The bytes of the model.
  var model: Data {
    Data(
      GraphBuilder.field(1, 8) + GraphBuilder.field(7, GraphBuilder.field(2, "graph") + graph)
        + GraphBuilder.field(8, GraphBuilder.field(2, opset))
        + domains.sorted().flatMap { GraphBuilder.field(8, GraphBuilder.field(1, $0) + GraphBuilder.field(2, 1)) })
  }
}

extension GraphBuilder {
  /// A token, the row x of a table of three, (1, 2), (3, 4), (5, 6), and a head [[1, 0, 2], [0, 1, 1]] that waits for its input.
  static func start() -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.output("logits", [1, 3])
    return graph
  }
}
