/// One instruction of a program: what a step does with vectors of static shape.
///
/// A program is a flat list of these for one token. Operands are indices into the program's values, or into the file's
/// tensors where a parameter is called `table` or `matrix`. docs/FORMAT.md defines each operation and its encoding.
public enum Operation: Equatable, Sendable {
  /// result = row `add + n` of the table, n being the token or the position, times that row's element of the scale, which tables
  /// of integers have.
  case row(table: Int, source: RowSource, add: Int, result: Int, scale: Int?)
  /// result = source.
  case copy(source: Int, result: Int)
  /// result[i] = function(source[i]).
  case unary(UnaryFunction, source: Int, result: Int)
  /// result[i] = function(left[i], right[i]); an operand of one element serves all.
  case binary(BinaryFunction, left: Int, right: Int, result: Int)
  /// result = normalised source, scaled by gain and shifted by bias where they are present.
  case normalize(Normalization, source: Int, gain: Int?, bias: Int?, epsilon: Float, result: Int)
  /// Makes the list of events of a site from the source.
  case events(site: Int, source: Int)
  /// result = matrix times the last list of events, times the scale of each output, which matrices of integers have, plus the bias.
  case linear(matrix: Int, layout: MatrixLayout, bias: Int?, scale: Int?, result: Int)
  /// Appends key and value to a cache, then attends with every head of the query over all positions so far.
  case attention(query: Int, key: Int, value: Int, cache: Int, heads: Int, scale: Float, result: Int)
  /// result[0] = the position of the token, counted from 0.
  case position(result: Int)
  /// result = elements of the source in another order, some perhaps more than once.
  case arrange(source: Int, Arrangement, result: Int)
  /// result[i][k] = the reduction of source[i][j][k] over all j, k being below `inner`.
  case reduce(Reduction, source: Int, inner: Int, result: Int)
  /// result[i] = left[i] where condition[i] is above 0, else right[i]; an operand of one element serves all.
  case choose(condition: Int, left: Int, right: Int, result: Int)

  /// Runs the `count` elementwise operations that follow, all over `elements` numbers, a tile of each after the other, so that
  /// what passes between them stays in the nearest cache. The last may be `events`.
  case chain(count: Int, elements: Int)

  /// The most operations that a chain may have.
  public static let longestChain = 64

  /// How many 32-bit words encode one operation.
  public static let wordCount = 8
}

/// What chooses the row of a table.
public enum RowSource: UInt32, Sendable {
  case token = 0
  case position = 1
}

/// A function of one element.
public enum UnaryFunction: UInt32, Sendable, CaseIterable {
  case negate = 0
  case exponential = 1
  case relu = 2
  case sigmoid = 3
  case squareRoot = 4
  case sine = 5
  case cosine = 6
  case hyperbolicTangent = 7
  case errorFunction = 8
  /// To the base e.
  case logarithm = 9
  case absolute = 10
  /// To the nearest whole number, halfway cases to the even one.
  case round = 11
}

/// A function of two elements.
public enum BinaryFunction: UInt32, Sendable, CaseIterable {
  case add = 0
  case subtract = 1
  case multiply = 2
  case divide = 3
  case maximum = 4
  case minimum = 5
  /// The left element where its magnitude is above the right one, else 0; a NaN stays.
  case threshold = 6
}

/// What becomes of several elements that are taken together.
public enum Reduction: UInt32, Sendable, CaseIterable {
  case sum = 0
  case maximum = 1
}

/// How a vector is normalised.
public enum Normalization: UInt32, Sendable {
  /// (x - mean) / sqrt(variance + epsilon).
  case layer = 0
  /// x / sqrt(mean of x * x + epsilon).
  case rootMeanSquare = 1
}

/// Which index of a matrix is contiguous in memory.
public enum MatrixLayout: UInt32, Sendable {
  /// One row per input: an event reads one contiguous row.
  case inputMajor = 0
  /// One row per output: an output is a dot product with one contiguous row.
  case outputMajor = 1
}

// MARK: Encoding

extension Operation {
  /// What stands for an operand that is not there.
  static let absent = UInt32.max

  /// What stands for each operation.
  enum Code {
    static let row: UInt32 = 1
    static let copy: UInt32 = 2
    static let unary: UInt32 = 3
    static let binary: UInt32 = 4
    static let normalize: UInt32 = 5
    static let events: UInt32 = 6
    static let linear: UInt32 = 7
    static let attention: UInt32 = 8
    static let chain: UInt32 = 9
    static let position: UInt32 = 10
    static let arrange: UInt32 = 11
    static let reduce: UInt32 = 12
    static let choose: UInt32 = 13
  }

  /// The operation that eight words of a file stand for, or nil where they stand for none.
  ///
  /// Indices are as the file gives them: the verifier checks them against the model.
  public init?(decoding word: (Int) -> UInt32) {
    func index(_ at: Int) -> Int { Int(clamping: word(at)) }
    func optional(_ at: Int) -> Int? { word(at) == Operation.absent ? nil : Int(clamping: word(at)) }
    switch word(0) {
    case Code.row:
      guard let source = RowSource(rawValue: word(2)) else { return nil }
      self = .row(table: index(1), source: source, add: index(3), result: index(4), scale: optional(5))
    case Code.copy:
      self = .copy(source: index(1), result: index(2))
    case Code.unary:
      guard let function = UnaryFunction(rawValue: word(1)) else { return nil }
      self = .unary(function, source: index(2), result: index(3))
    case Code.binary:
      guard let function = BinaryFunction(rawValue: word(1)) else { return nil }
      self = .binary(function, left: index(2), right: index(3), result: index(4))
    case Code.normalize:
      guard let kind = Normalization(rawValue: word(1)) else { return nil }
      self = .normalize(
        kind, source: index(2), gain: optional(3), bias: optional(4), epsilon: Float(bitPattern: word(5)), result: index(6))
    case Code.events:
      self = .events(site: index(1), source: index(2))
    case Code.linear:
      guard let layout = MatrixLayout(rawValue: word(2)) else { return nil }
      self = .linear(matrix: index(1), layout: layout, bias: optional(3), scale: optional(4), result: index(5))
    case Code.attention:
      self = .attention(
        query: index(1), key: index(2), value: index(3), cache: index(4), heads: index(5), scale: Float(bitPattern: word(6)),
        result: index(7))
    case Code.chain:
      self = .chain(count: index(1), elements: index(2))
    case Code.position:
      self = .position(result: index(1))
    case Code.arrange:
      let arrangement = Arrangement(
        rows: index(2), columns: index(3), blockStep: index(4), rowStep: index(5), columnStep: index(6))
      self = .arrange(source: index(1), arrangement, result: index(7))
    case Code.reduce:
      guard let function = Reduction(rawValue: word(1)) else { return nil }
      self = .reduce(function, source: index(2), inner: index(3), result: index(4))
    case Code.choose:
      self = .choose(condition: index(1), left: index(2), right: index(3), result: index(4))
    default:
      return nil
    }
  }
}
