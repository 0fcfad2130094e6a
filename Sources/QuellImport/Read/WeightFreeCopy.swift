/// Copies a model without its weights, so that libonnx can check what may be far larger than a protobuf message may be.
///
/// A tensor of more than a kilobyte, or one whose data lie in another file, keeps its name, type and shape and gets one
/// byte of data; everything else is copied as it is.
struct WeightFreeCopy {
  private static let smallTensor = 1024

  private enum Message {
    case model
    case graph
    case node
    case attribute
    case function
    case tensor

    /// The message inside a field, where weights can be below it.
    func child(_ field: Int) -> Message? {
      switch (self, field) {
      case (.model, 7): .graph
      case (.model, 25): .function
      case (.graph, 1), (.function, 7): .node
      case (.graph, 5): .tensor
      case (.node, 5): .attribute
      case (.attribute, 5), (.attribute, 10): .tensor
      case (.attribute, 6), (.attribute, 11): .graph
      default: nil
      }
    }
  }

  private let buffer: UnsafeRawBufferPointer
  private let order: [Int]

  /// The bytes of the copy, the nodes of the main graph in the given order.
  static func make(_ buffer: UnsafeRawBufferPointer, order: [Int]) throws(ImportFailure) -> [UInt8] {
    try WeightFreeCopy(buffer: buffer, order: order).copy(.model, 0..<buffer.count)
  }

  private func copy(_ message: Message, _ range: Range<Int>, isMain: Bool = false) throws(ImportFailure) -> [UInt8] {
    if case .tensor = message { return try tensor(range) }
    var out = ProtobufBytes()
    var nodes: [[UInt8]] = []
    var reader = ProtobufReader(buffer, range)
    var start = reader.position
    while let (number, payload) = try reader.next() {
      if case .bytes(let inner) = payload, let child = message.child(number) {
        let bytes = try copy(child, inner, isMain: message == .model && child == .graph)
        if isMain, child == .node { nodes.append(bytes) } else { out.append(field: number, bytes) }
      } else {
        out.append(buffer[start..<reader.position])
      }
      start = reader.position
    }
    if isMain { for number in order { out.append(field: 1, nodes[number]) } }
    return out.bytes
  }

  private func tensor(_ range: Range<Int>) throws(ImportFailure) -> [UInt8] {
    var kept = ProtobufBytes()
    var isExternal = false
    var reader = ProtobufReader(buffer, range)
    var start = reader.position
    while let (number, payload) = try reader.next() {
      if case (14, .varint(1)) = (number, payload) { isExternal = true }
      if [1, 2, 8].contains(number) { kept.append(buffer[start..<reader.position]) }
      start = reader.position
    }
    guard isExternal || range.count > WeightFreeCopy.smallTensor else { return Array(buffer[range]) }
    kept.append(field: 9, [0])
    return kept.bytes
  }
}
