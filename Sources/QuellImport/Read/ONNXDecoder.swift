/// Turns the bytes of a model into an `ONNXModel`, with bounds on everything that a small file could make large.
struct ONNXDecoder {
  /// Nodes, attributes, tensors and declared values together; each is far larger in memory than the two bytes it may take.
  private static let mostParts = 1 << 19
  /// Names that nodes read and define.
  private static let mostNames = 1 << 23
  private static let mostAxes = 16
  private static let deepestGraph = 8

  private let buffer: UnsafeRawBufferPointer
  private var parts = 0
  private var names = 0
  private var depth = 0

  /// The model in a buffer.
  static func decode(_ buffer: UnsafeRawBufferPointer) throws(ImportFailure) -> ONNXModel {
    var decoder = ONNXDecoder(buffer: buffer)
    return try decoder.model()
  }

  private init(buffer: UnsafeRawBufferPointer) {
    self.buffer = buffer
  }

  private mutating func model() throws(ImportFailure) -> ONNXModel {
    var model = ONNXModel()
    var reader = ProtobufReader(buffer, 0..<buffer.count)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .varint(let value)): model.irVersion = Int64(bitPattern: value)
      case (2, .bytes(let range)): model.producer = buffer.text(range)
      case (7, .bytes(let range)):
        guard model.graph == nil else { throw .malformed("The model holds two graphs.") }
        model.graph = try graph(range)
      case (8, .bytes(let range)):
        let (domain, version) = try opset(range)
        model.opsets[domain == "ai.onnx" ? "" : domain] = version
      default: break
      }
    }
    return model
  }

  private func opset(_ range: Range<Int>) throws(ImportFailure) -> (String, Int64) {
    var result = ("", Int64(0))
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .bytes(let range)): result.0 = buffer.text(range)
      case (2, .varint(let value)): result.1 = Int64(bitPattern: value)
      default: break
      }
    }
    return result
  }

  private mutating func graph(_ range: Range<Int>) throws(ImportFailure) -> ONNXGraph {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ONNXDecoder.deepestGraph else {
      throw .unsupported("Graphs are nested more than \(ONNXDecoder.deepestGraph) deep.")
    }
    var graph = ONNXGraph()
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      guard case .bytes(let range) = payload else { continue }
      switch number {
      case 1: graph.nodes.append(try node(range))
      case 5: graph.initializers.append(try tensor(range))
      case 11: graph.inputs.append(try value(range))
      case 12: graph.outputs.append(try value(range))
      case 15: throw .unsupported("The model holds a sparse initializer; export with dense ones.")
      default: break
      }
    }
    return graph
  }

  private mutating func node(_ range: Range<Int>) throws(ImportFailure) -> ONNXNode {
    try countPart()
    var node = ONNXNode(bytes: range)
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      guard case .bytes(let range) = payload else { continue }
      switch number {
      case 1, 2:
        names += 1
        guard names <= ONNXDecoder.mostNames else {
          throw .unsupported("The nodes of the model have more than \(ONNXDecoder.mostNames) names.")
        }
        if number == 1 { node.inputs.append(buffer.text(range)) } else { node.outputs.append(buffer.text(range)) }
      case 3: node.name = buffer.text(range)
      case 4: node.operatorType = buffer.text(range)
      case 5:
        let (name, attribute) = try attribute(range)
        node.attributes[name] = attribute
      case 7:
        let domain = buffer.text(range)
        node.domain = domain == "ai.onnx" ? "" : domain
      case 9:
        let (key, text) = try pair(range)
        if key == "pkg.torch.onnx.name_scopes" { node.scopes = quotedItems(text) }
      default: break
      }
    }
    return node
  }

  private mutating func countPart() throws(ImportFailure) {
    parts += 1
    guard parts <= ONNXDecoder.mostParts else {
      throw .unsupported("The model has more than \(ONNXDecoder.mostParts) nodes, attributes, tensors and declared values.")
    }
  }

  private mutating func attribute(_ range: Range<Int>) throws(ImportFailure) -> (String, ONNXAttribute) {
    try countPart()
    var name = ""
    var kind: UInt64?
    var float: Float = 0
    var int: Int64 = 0
    var text = ""
    var tensorValue: ONNXTensor?
    var graphValue: ONNXGraph?
    var floats: [Float] = []
    var ints: [Int64] = []
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .bytes(let range)): name = buffer.text(range)
      case (2, .fixed32(let bits)): float = Float(bitPattern: bits)
      case (3, .varint(let value)): int = Int64(bitPattern: value)
      case (4, .bytes(let range)): text = buffer.text(range)
      case (5, .bytes(let range)): tensorValue = try tensor(range)
      case (6, .bytes(let range)): graphValue = try graph(range)
      case (7, .fixed32(let bits)): floats.append(Float(bitPattern: bits))
      case (7, .bytes(let range)):
        var packed = ProtobufReader(buffer, range)
        while !packed.isAtEnd { floats.append(Float(bitPattern: UInt32(littleEndian: try packed.fixed(UInt32.self)))) }
      case (8, .varint(let value)): ints.append(Int64(bitPattern: value))
      case (8, .bytes(let range)):
        var packed = ProtobufReader(buffer, range)
        while !packed.isAtEnd { ints.append(Int64(bitPattern: try packed.varint())) }
      case (20, .varint(let value)): kind = value
      default: break
      }
    }
    let value: ONNXAttribute =
      switch kind {
      case 1: .float(float)
      case 2: .int(int)
      case 3: .string(text)
      case 4: tensorValue.map { .tensor($0) } ?? .other
      case 5: graphValue.map { .graph($0) } ?? .other
      case 6: .floats(floats)
      case 7: .ints(ints)
      default: .other
      }
    return (name, value)
  }

  private mutating func tensor(_ range: Range<Int>) throws(ImportFailure) -> ONNXTensor {
    try countPart()
    var tensor = ONNXTensor()
    var dimensions: [UInt64] = []
    var isExternal = false
    var external: [String: String] = [:]
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .varint(let value)): dimensions.append(value)
      case (1, .bytes(let range)):
        var packed = ProtobufReader(buffer, range)
        while !packed.isAtEnd, dimensions.count <= ONNXDecoder.mostAxes { dimensions.append(try packed.varint()) }
      case (2, .varint(let value)): tensor.type = Int(truncatingIfNeeded: value)
      case (4, .fixed32(let bits)): tensor.reals.append(Double(Float(bitPattern: bits)))
      case (4, .bytes(let range)):
        var packed = ProtobufReader(buffer, range)
        while !packed.isAtEnd {
          tensor.reals.append(Double(Float(bitPattern: UInt32(littleEndian: try packed.fixed(UInt32.self)))))
        }
      case (10, .fixed64(let bits)): tensor.reals.append(Double(bitPattern: bits))
      case (10, .bytes(let range)):
        var packed = ProtobufReader(buffer, range)
        while !packed.isAtEnd { tensor.reals.append(Double(bitPattern: UInt64(littleEndian: try packed.fixed(UInt64.self)))) }
      case (5, .varint(let value)), (7, .varint(let value)), (11, .varint(let value)):
        tensor.integers.append(Int64(bitPattern: value))
      case (5, .bytes(let range)), (7, .bytes(let range)), (11, .bytes(let range)):
        var packed = ProtobufReader(buffer, range)
        while !packed.isAtEnd { tensor.integers.append(Int64(bitPattern: try packed.varint())) }
      case (8, .bytes(let range)): tensor.name = buffer.text(range)
      case (9, .bytes(let range)): tensor.raw = range
      case (13, .bytes(let range)):
        let (key, value) = try pair(range)
        external[key] = value
      case (14, .varint(let value)): isExternal = value == 1
      default: break
      }
    }
    if isExternal { tensor.external = external }
    guard dimensions.count <= ONNXDecoder.mostAxes else {
      throw .unsupported("Tensor \"\(tensor.name)\" has more than \(ONNXDecoder.mostAxes) axes.")
    }
    for dimension in dimensions {
      guard let axis = Int(exactly: dimension), axis <= 1 << 40 else {
        throw .malformed("Tensor \"\(tensor.name)\" has an impossible shape.")
      }
      tensor.shape.append(axis)
    }
    return tensor
  }

  private func pair(_ range: Range<Int>) throws(ImportFailure) -> (String, String) {
    var result = ("", "")
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      guard case .bytes(let range) = payload else { continue }
      if number == 1 { result.0 = buffer.text(range) }
      if number == 2 { result.1 = buffer.text(range) }
    }
    return result
  }

  private mutating func value(_ range: Range<Int>) throws(ImportFailure) -> ONNXValue {
    try countPart()
    var value = ONNXValue()
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .bytes(let range)): value.name = buffer.text(range)
      case (2, .bytes(let range)):
        var type = ProtobufReader(buffer, range)
        while let (number, payload) = try type.next() {
          // Field 1 is the tensor type; sequences, maps and optionals are not inputs of a decoding step.
          if case (1, .bytes(let range)) = (number, payload) { try tensorType(range, &value) }
        }
      default: break
      }
    }
    return value
  }

  private func tensorType(_ range: Range<Int>, _ value: inout ONNXValue) throws(ImportFailure) {
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .varint(let type)): value.type = Int(truncatingIfNeeded: type)
      case (2, .bytes(let range)):
        var shape: [ONNXValue.Axis] = []
        var axes = ProtobufReader(buffer, range)
        while let (number, payload) = try axes.next() {
          guard case (1, .bytes(let range)) = (number, payload) else { continue }
          guard shape.count < ONNXDecoder.mostAxes else {
            throw .unsupported("\"\(value.name)\" has more than \(ONNXDecoder.mostAxes) axes.")
          }
          shape.append(try axis(range, of: value.name))
        }
        value.shape = shape
      default: break
      }
    }
  }

  private func axis(_ range: Range<Int>, of name: String) throws(ImportFailure) -> ONNXValue.Axis {
    var axis = ONNXValue.Axis.symbol("")
    var reader = ProtobufReader(buffer, range)
    while let (number, payload) = try reader.next() {
      switch (number, payload) {
      case (1, .varint(let value)):
        guard value <= 1 << 40 else { throw .malformed("\"\(name)\" is declared with an impossible shape.") }
        axis = .fixed(Int(value))
      case (2, .bytes(let range)): axis = .symbol(buffer.text(range))
      default: break
      }
    }
    return axis
  }

  /// The items of a Python list of strings: `['', 'model', 'model.layers.0']`.
  private func quotedItems(_ text: String) -> [String] {
    let parts = text.split(separator: "'", omittingEmptySubsequences: false)
    return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
  }
}
