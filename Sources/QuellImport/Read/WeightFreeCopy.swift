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

  /// The bytes of the copy.
  static func make(_ buffer: UnsafeRawBufferPointer) throws(ImportFailure) -> [UInt8] {
    try WeightFreeCopy(buffer: buffer).copy(.model, 0..<buffer.count)
  }

  private func copy(_ message: Message, _ range: Range<Int>) throws(ImportFailure) -> [UInt8] {
    if case .tensor = message { return try tensor(range) }
    var out: [UInt8] = []
    var reader = ProtobufReader(buffer, range)
    var start = reader.position
    while let (number, payload) = try reader.next() {
      if case .bytes(let inner) = payload, let child = message.child(number) {
        append(field: number, try copy(child, inner), to: &out)
      } else {
        out.append(contentsOf: buffer[start..<reader.position])
      }
      start = reader.position
    }
    return out
  }

  private func tensor(_ range: Range<Int>) throws(ImportFailure) -> [UInt8] {
    var kept: [UInt8] = []
    var isExternal = false
    var reader = ProtobufReader(buffer, range)
    var start = reader.position
    while let (number, payload) = try reader.next() {
      if case (14, .varint(1)) = (number, payload) { isExternal = true }
      if [1, 2, 8].contains(number) { kept.append(contentsOf: buffer[start..<reader.position]) }
      start = reader.position
    }
    guard isExternal || range.count > WeightFreeCopy.smallTensor else { return Array(buffer[range]) }
    append(field: 9, [0], to: &kept)
    return kept
  }

  private func append(field: Int, _ bytes: [UInt8], to out: inout [UInt8]) {
    appendVarint(UInt64(field) << 3 | 2, to: &out)
    appendVarint(UInt64(bytes.count), to: &out)
    out.append(contentsOf: bytes)
  }

  private func appendVarint(_ value: UInt64, to out: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      out.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    out.append(UInt8(rest))
  }
}
