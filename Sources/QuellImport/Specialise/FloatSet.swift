/// A set of single-precision numbers made of intervals: what a comparison with known numbers holds for.
///
/// Numbers are kept by their rank, so that every bound is closed and exact, and `>=` and `>` differ by one rank. Both zeros
/// have rank 0. A NaN is in no set.
struct FloatSet: Equatable {
  /// Disjoint, ascending, and never next to each other.
  private var ranks: [ClosedRange<Int32>]

  private static let infinity = Int32(bitPattern: Float.infinity.bitPattern)
  static let all = FloatSet(ranks: [-infinity...infinity])
  static let none = FloatSet(ranks: [])

  private init(ranks: [ClosedRange<Int32>]) {
    self.ranks = ranks
  }

  /// The numbers that are in a relation to a known one, as in `x > number`.
  init(_ relation: Relation, _ number: Double) {
    guard !number.isNaN else {
      self = .none
      return
    }
    let nearest = Float(number)
    let below = FloatSet.rank(Double(nearest) <= number ? nearest : nearest.nextDown)
    let above = FloatSet.rank(Double(nearest) >= number ? nearest : nearest.nextUp)
    switch relation {
    case .equal: self.init(above, below)
    case .greater: self.init(below + 1, FloatSet.infinity)
    case .greaterOrEqual: self.init(above, FloatSet.infinity)
    case .less: self.init(-FloatSet.infinity, above - 1)
    case .lessOrEqual: self.init(-FloatSet.infinity, below)
    }
  }

  private init(_ first: Int32, _ last: Int32) {
    ranks = first <= last ? [first...last] : []
  }

  private static func rank(_ number: Float) -> Int32 {
    let magnitude = Int32(bitPattern: number.magnitude.bitPattern)
    return number.sign == .minus ? -magnitude : magnitude
  }

  // MARK: Algebra

  var complement: FloatSet {
    var result: [ClosedRange<Int32>] = []
    var next = -FloatSet.infinity
    for range in ranks {
      if next < range.lowerBound { result.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    if next <= FloatSet.infinity { result.append(next...FloatSet.infinity) }
    return FloatSet(ranks: result)
  }

  func intersection(_ other: FloatSet) -> FloatSet {
    var result: [ClosedRange<Int32>] = []
    for range in ranks {
      for second in other.ranks where range.overlaps(second) { result.append(range.clamped(to: second)) }
    }
    return FloatSet(ranks: result)
  }

  func union(_ other: FloatSet) -> FloatSet { complement.intersection(other.complement).complement }

  func symmetricDifference(_ other: FloatSet) -> FloatSet { union(other).intersection(intersection(other).complement) }

  /// The numbers whose magnitudes are in the set.
  var ofMagnitudes: FloatSet {
    let magnitudes = intersection(FloatSet(0, FloatSet.infinity))
    let mirrored = FloatSet(ranks: magnitudes.ranks.reversed().map { -$0.upperBound ... -$0.lowerBound })
    return magnitudes.union(mirrored)
  }

  // MARK: Forms

  /// For each interval the number below its least and the number above its greatest one; nil where there is none.
  var bounds: [(below: Float?, above: Float?)] {
    ranks.map { range in
      (
        range.lowerBound == -FloatSet.infinity ? nil : FloatSet.number(range.lowerBound - 1),
        range.upperBound == FloatSet.infinity ? nil : FloatSet.number(range.upperBound + 1)
      )
    }
  }

  private static func number(_ rank: Int32) -> Float {
    let magnitude = Float(bitPattern: UInt32(abs(rank)))
    return rank < 0 ? -magnitude : magnitude
  }

  /// The theta of which this is every x with |x| > theta; nil for other sets.
  var threshold: Float? {
    guard let gap = complement.single, gap.lowerBound == -gap.upperBound, gap.upperBound < FloatSet.infinity else { return nil }
    return Float(bitPattern: UInt32(gap.upperBound))
  }

  /// The theta, not negative, of which this is every x > theta, give or take zero itself; nil for other sets.
  var rectifier: Float? {
    guard let range = single, range.lowerBound >= 0, range.upperBound == FloatSet.infinity else { return nil }
    return Float(bitPattern: UInt32(max(range.lowerBound - 1, 0)))
  }

  private var single: ClosedRange<Int32>? { ranks.count == 1 ? ranks[0] : nil }
}

/// How two numbers are compared.
enum Relation {
  case equal, greater, greaterOrEqual, less, lessOrEqual

  func holds(_ left: Double, _ right: Double) -> Bool {
    switch self {
    case .equal: left == right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .less: left < right
    case .lessOrEqual: left <= right
    }
  }

  /// The relation with its operands exchanged.
  var flipped: Relation {
    switch self {
    case .equal: .equal
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    }
  }
}
