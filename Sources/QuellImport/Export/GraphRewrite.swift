/// A model file with some of its nodes replaced: the bytes of the old one, the lengths of what encloses the nodes made right.
struct GraphRewrite {
  /// What becomes of a node.
  struct Edit {
    /// Where the node lies in the file.
    var node: Range<Int>
    /// Nodes that are inserted before it.
    var before: [[UInt8]]
    /// The node that takes its place.
    var replacement: [UInt8]
  }

  /// A part of the new file.
  private enum Piece {
    case old(Range<Int>)
    case new([UInt8])

    var count: Int {
      switch self {
      case .old(let range): range.count
      case .new(let bytes): bytes.count
      }
    }
  }

  /// The messages on the way from the model to its nodes, with the field that holds each next one.
  private enum Message {
    case model, graph, node, attribute

    func child(_ field: Int) -> Message? {
      switch (self, field) {
      case (.model, 7), (.attribute, 6): .graph
      case (.graph, 1): .node
      case (.node, 5): .attribute
      default: nil
      }
    }
  }

  private static let pieceBytes = 4 << 20

  private let file: UnsafeRawBufferPointer
  private let edits: [Int: Edit]
  /// Where edited nodes begin, ascending.
  private let starts: [Int]

  init(_ file: UnsafeRawBufferPointer, _ edits: [Int: Edit]) {
    self.file = file
    self.edits = edits
    starts = edits.keys.sorted()
  }

  /// Writes the new file; it gets its name once `check` has found nothing against it.
  ///
  /// `progress` is told how many bytes of all are written, and says whether to go on.
  func write(
    to path: String, progress: (_ done: Int, _ total: Int) -> Bool, check: (String) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    let pieces = try pieces(.model, 0..<file.count)
    let total = pieces.reduce(0) { $0 + $1.count }
    let output = try OutputFile(path: path, count: total)
    var done = 0
    for piece in pieces {
      switch piece {
      case .new(let bytes):
        try output.write(bytes, at: done)
        done += bytes.count
      case .old(let range):
        for start in stride(from: range.lowerBound, to: range.upperBound, by: GraphRewrite.pieceBytes) {
          guard progress(done, total) else { throw .cancelled }
          let end = min(start + GraphRewrite.pieceBytes, range.upperBound)
          try output.write(UnsafeRawBufferPointer(rebasing: file[start..<end]), at: done)
          done += end - start
        }
      }
    }
    try output.finish(check)
  }

  private func pieces(_ message: Message, _ range: Range<Int>) throws(ImportFailure) -> [Piece] {
    guard hasEdit(range) else { return [.old(range)] }
    var pieces: [Piece] = []
    // Where the bytes begin that stay as they are.
    var kept = range.lowerBound
    var reader = ProtobufReader(file, range)
    var start = reader.position
    while let (number, payload) = try reader.next() {
      defer { start = reader.position }
      guard case .bytes(let inner) = payload, let child = message.child(number), hasEdit(inner) else { continue }
      if kept < start { pieces.append(.old(kept..<start)) }
      kept = reader.position
      if let edit = edits[inner.lowerBound], edit.node == inner {
        var nodes = ProtobufBytes()
        for node in edit.before + [edit.replacement] { nodes.append(field: number, node) }
        pieces.append(.new(nodes.bytes))
      } else {
        let parts = try self.pieces(child, inner)
        var head = ProtobufBytes()
        head.append(field: number, length: parts.reduce(0) { $0 + $1.count })
        pieces += [.new(head.bytes)] + parts
      }
    }
    if kept < range.upperBound { pieces.append(.old(kept..<range.upperBound)) }
    return pieces
  }

  private func hasEdit(_ range: Range<Int>) -> Bool {
    // The first edited node that does not begin before the range.
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < starts.count && starts[low] < range.upperBound
  }
}
