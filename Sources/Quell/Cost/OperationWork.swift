/// Work on vectors: so many times, on so many numbers side by side.
public struct VectorWork: Equatable, Sendable {
  /// What is done.
  public var kind: WorkKind
  /// To how many numbers at a time.
  public var length: Int
  /// How often: a count, or a mean of counts.
  public var times: Double

  /// Units of the work.
  public var units: Double { Double(length) * times }

  /// Work of a kind.
  public init(_ kind: WorkKind, length: Int, times: Double) {
    self.kind = kind
    self.length = length
    self.times = times
  }
}

/// What a site did: counts, or means of counts.
public struct SiteActivity: Equatable, Sendable {
  /// Vectors that it has seen.
  public var visits: Double
  /// Inputs that fired.
  public var events: Double
  /// Groups of events, of the size that was asked for, the last group of a vector perhaps not full.
  public var groups: Double
  /// Those of the events that came in vectors of which every event carried 1 or -1.
  public var binaryEvents: Double

  /// What a site did.
  public init(visits: Double, events: Double, groups: Double, binaryEvents: Double = 0) {
    self.visits = visits
    self.events = events
    self.groups = groups
    self.binaryEvents = binaryEvents
  }

  /// What a site of that many inputs does where every input fires.
  public static func dense(inputs: Int, visits: Double, group: Int) -> SiteActivity {
    SiteActivity(visits: visits, events: visits * Double(inputs), groups: visits * Double((inputs + group - 1) / group))
  }
}

/// The lengths and formats of what the operations of a program work on.
public protocol ProgramShape {
  /// How many numbers a value has.
  func length(ofValue value: Int) -> Int
  /// What a matrix or table is stored as.
  func format(ofTensor tensor: Int) -> WeightFormat
  /// The widths of a key/value cache.
  func dimensions(ofCache cache: Int) -> Cache
}

extension Operation {
  /// Calls `body` with the elementary work that the operation comes to.
  ///
  /// Work is what the operation is defined to do, one element after the other, however a kernel goes about it: docs/COST.md lists
  /// it by operation.
  ///
  /// - Parameters:
  ///   - shape: The program that the operation belongs to.
  ///   - visits: How often the operation ran.
  ///   - positions: The sum, over these runs, of the positions that attention could look back at, the token's own among them.
  ///   - site: What the site that was last met did.
  ///   - body: Told each kind of work and how much of it there is.
  public func forEachWork(
    in shape: some ProgramShape, visits: Double, positions: Double, site: SiteActivity, _ body: (VectorWork) -> Void
  ) {
    func work(_ kind: WorkKind, _ length: Int, _ times: Double) { body(VectorWork(kind, length: length, times: times)) }
    switch self {
    case .row(let table, _, _, let result, let scale):
      work(.lookUp(shape.format(ofTensor: table)), shape.length(ofValue: result), visits)
      if scale != nil { work(.multiply, shape.length(ofValue: result), visits) }
    case .copy(_, let result), .arrange(_, _, let result), .position(let result):
      work(.copy, shape.length(ofValue: result), visits)
    case .unary(let function, _, let result): work(WorkKind(function), shape.length(ofValue: result), visits)
    case .binary(let function, _, _, let result): work(WorkKind(function), shape.length(ofValue: result), visits)
    case .choose(_, _, _, let result): work(.choose, shape.length(ofValue: result), visits)
    case .reduce(let function, let source, _, _):
      work(function == .sum ? .add : .maximum, shape.length(ofValue: source), visits)
    case .normalize(let kind, _, let gain, let bias, _, let result):
      let length = shape.length(ofValue: result)
      if kind == .layer {
        work(.add, length, visits)
        work(.subtract, length, visits)
      }
      // The mean of the squares, one over its root, and what is multiplied by that.
      work(.multiply, length, visits)
      work(.add, length, visits)
      work(.squareRoot, 1, visits)
      work(.divide, 1, visits)
      work(.multiply, length, visits)
      if gain != nil { work(.multiply, length, visits) }
      if bias != nil { work(.add, length, visits) }
    case .events(_, let source):
      work(.compareInput, shape.length(ofValue: source), visits)
      work(.emitEvent, 1, site.events)
      work(.takeEvent, 1, site.events)
    case .linear(let matrix, _, _, _, let result):
      let (format, length) = (shape.format(ofTensor: matrix), shape.length(ofValue: result))
      work(.multiplyAccumulate(format), length, site.events - site.binaryEvents)
      if site.binaryEvents > 0 { work(.accumulate(format), length, site.binaryEvents) }
      work(.sum, length, site.groups)
      work(.output, length, visits)
    case .attention(_, _, _, let cache, let heads, _, let result):
      let dimensions = shape.dimensions(ofCache: cache)
      let (keyLength, valueLength) = (dimensions.keyWidth / dimensions.heads, shape.length(ofValue: result) / heads)
      let scores = Double(heads) * positions
      work(.copy, dimensions.keyWidth + dimensions.valueWidth, visits)
      work(.attend, keyLength, scores)
      for kind: WorkKind in [.multiply, .maximum, .subtract, .exponential, .add, .multiply] { work(kind, 1, scores) }
      work(.divide, 1, Double(heads) * visits)
      work(.attend, valueLength, scores)
    case .chain: break
    }
  }
}
