import Quell

/// A program with everything that the model file says of it, before it is written.
struct Program {
  /// Where a vector lies.
  enum Place: Hashable {
    /// All of a stored vector.
    case weight(tensor: Int)
    case state(offset: Int, count: Int)
    /// A part of a buffer of scratch memory; the plan gives buffers their place.
    case buffer(Int, start: Int, count: Int)
  }

  /// A tensor of the model file.
  struct Tensor {
    /// How the numbers are arranged in the file.
    enum Form {
      /// A vector, in single precision.
      case vector
      /// A matrix or table, in the type that the import asks for; rows are the first axis of the weights.
      case matrix
    }

    var name: String
    /// Side by side: each row of the tensor is a row of the first, then one of the second, and so on.
    var weights: [Weight]
    var form: Form
    /// Whether all that it is multiplied with are whole numbers of 8 bits, so that ternary numbers may be stored as such.
    var takesWholeBytes = false

    /// Rows and columns, or the length of a vector.
    var shape: [Int] {
      (weights.first?.shape.dropLast() ?? []) + [weights.reduce(0) { $0 + ($1.shape.last ?? 1) }]
    }
  }

  /// A key/value cache: floats per position over all heads.
  struct Cache {
    var keyWidth: Int
    var valueWidth: Int
    var heads: Int
  }

  /// A run of state that begins with a number other than zero.
  struct Fill: Equatable {
    var offset: Int
    var count: Int
    var value: Float
  }

  var values: [Place] = []
  var operations: [Operation] = []
  var tensors: [Tensor] = []
  var caches: [Cache] = []
  var siteNames: [String] = []
  var siteKinds: [String] = []
  /// What magnitudes must exceed at each site.
  var siteThresholds: [Float] = []
  /// Where the graph hands each site's vector to linear operations.
  var siteFeeds: [[(node: ONNXNode, input: Int?)]] = []
  var fills: [Fill] = []
  var logits = 0
  var vocabularySize = 0
  /// 0 where nothing limits the number of positions.
  var contextLength = 0
  var stateSize = 0
  /// Length of every buffer.
  var buffers: [Int] = []
  /// Offset of every buffer, and the size of scratch, once planned.
  var bufferOffsets: [Int] = []
  var scratchSize = 0

  /// How many numbers a value has.
  func count(_ value: Int) -> Int {
    switch values[value] {
    case .weight(let tensor): tensors[tensor].shape.product
    case .state(_, let count), .buffer(_, _, let count): count
    }
  }
}

extension Operation {
  /// The values that the operation reads.
  var reads: [Int] {
    switch self {
    case .row(_, _, _, _, let scale): [scale].compactMap { $0 }
    case .chain, .position: []
    case .copy(let source, _), .unary(_, let source, _), .events(_, let source): [source]
    case .binary(_, let left, let right, _): [left, right]
    case .normalize(_, let source, let gain, let bias, _, _): [source] + [gain, bias].compactMap { $0 }
    case .linear(_, _, let bias, let scale, _): [bias, scale].compactMap { $0 }
    case .attention(let query, let key, let value, _, _, _, _): [query, key, value]
    case .arrange(let source, _, _), .reduce(_, let source, _, _): [source]
    case .choose(let condition, let left, let right, _): [condition, left, right]
    }
  }

  /// The value that the operation writes.
  var writes: Int? {
    switch self {
    case .row(_, _, _, let result, _), .copy(_, let result), .unary(_, _, let result), .binary(_, _, _, let result),
      .normalize(_, _, _, _, _, let result), .linear(_, _, _, _, let result), .attention(_, _, _, _, _, _, let result),
      .position(let result), .arrange(_, _, let result), .reduce(_, _, _, let result),
      .choose(_, _, _, let result):
      result
    case .events, .chain: nil
    }
  }

  /// Whether the result may take the place of an operand.
  var isElementwise: Bool {
    switch self {
    case .copy, .unary, .binary: true
    default: false
    }
  }
}
