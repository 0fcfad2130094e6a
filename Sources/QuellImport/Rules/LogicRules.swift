extension Rules {
  /// Comparisons and truth values: known where they are masks and shapes; of computed numbers they are judgements, from
  /// which thresholds are put together.
  static let logic: [String: Rule] = [
    "Equal": compared(.equal),
    "Greater": compared(.greater),
    "GreaterOrEqual": compared(.greaterOrEqual),
    "Less": compared(.less),
    "LessOrEqual": compared(.lessOrEqual),
    "And": joined({ $0 && $1 }) { $0.intersection($1) },
    "Or": joined({ $0 || $1 }) { $0.union($1) },
    "Xor": joined({ $0 != $1 }) { $0.symmetricDifference($1) },
    "Not": { call throws(ImportFailure) in
      let tensor = try call.input(0)
      if let numbers = tensor.knownReals { return [.truths(numbers.map { $0 == 0 }, shape: tensor.shape)] }
      let elements = call.lane.elements(of: tensor, node: call.number)
      guard let judgements = call.lane.judgements(of: elements) else { return [unjudged(tensor.shape, call)] }
      return [call.lane.truths(judgements.map { Judgement($0.element, in: $0.set.complement) }, shape: tensor.shape, call)]
    },
    // The program computes with finite numbers: exporters ask only to clear rows that a mask left empty, and a step's
    // own position is never masked.
    "IsNaN": recognised { $0.isNaN },
    "IsInf": recognised { $0.isInfinite },
  ]

  private static func compared(_ relation: Relation) -> Rule {
    { call throws(ImportFailure) in
      let (left, right, shape) = try operands(call)
      if let a = left.known, let b = right.known {
        return [.truths(zip(a, b).map { relation.holds($0, $1) }, shape: shape)]
      }
      if left.known == nil, right.known == nil, left.isReal, right.isReal {
        // Two numbers compare as their difference does with zero.
        let difference = call.lane.binary(.subtract, left.elements, right.elements, node: call.number)
        return [call.lane.truths(difference.map { Judgement($0, in: FloatSet(relation, 0)) }, shape: shape, call)]
      }
      let (judged, known, relation) = left.known == nil ? (left, right.known, relation) : (right, left.known, relation.flipped)
      guard let known, judged.isReal else { return [unjudged(shape, call)] }
      // Most comparisons are with one number.
      var sets: [Double: FloatSet] = [:]
      let judgements = zip(judged.elements, known).map { element, number in
        let set = sets[number] ?? FloatSet(relation, number)
        sets[number] = set
        return Judgement(element, in: set)
      }
      return [call.lane.truths(judgements, shape: shape, call)]
    }
  }

  private static func joined(
    _ holds: @escaping @Sendable (Bool, Bool) -> Bool, _ combine: @escaping @Sendable (FloatSet, FloatSet) -> FloatSet
  ) -> Rule {
    { call throws(ImportFailure) in
      let (left, right, shape) = try operands(call)
      if let a = left.known, let b = right.known { return [.truths(zip(a, b).map { holds($0 != 0, $1 != 0) }, shape: shape)] }
      func judgements(_ operand: Operand, beside other: [Judgement]?) -> [Judgement]? {
        // A known truth value holds for all numbers or for none.
        guard let known = operand.known else { return call.lane.judgements(of: operand.elements) }
        return other.map { other in zip(known, other).map { Judgement($1.element, in: $0 != 0 ? .all : .none) } }
      }
      let first = judgements(left, beside: right.known == nil ? call.lane.judgements(of: right.elements) : nil)
      guard let first, let second = judgements(right, beside: first) else { return [unjudged(shape, call)] }
      let both = zip(first, second).compactMap { call.lane.combined($0, $1, combine) }
      return [both.count == first.count ? call.lane.truths(both, shape: shape, call) : unjudged(shape, call)]
    }
  }

  private static func recognised(_ holds: @escaping @Sendable (Double) -> Bool) -> Rule {
    { call throws(ImportFailure) in
      let tensor = try call.input(0)
      let truths = tensor.knownReals?.map(holds) ?? [Bool](repeating: false, count: tensor.count)
      return [.truths(truths, shape: tensor.shape)]
    }
  }

  private static func unjudged(_ shape: [Int], _ call: Call) -> Tensor {
    call.opaque(shape: shape, type: .bool, "compares computed numbers")
  }

  // MARK: Operands

  /// An operand repeated to the shape of the result.
  private struct Operand {
    /// The numbers, where they are known.
    var known: [Double]?
    /// The elements, where they are computed.
    var elements: [Element] = []
    var isReal: Bool
  }

  private static func operands(_ call: Call) throws(ImportFailure) -> (left: Operand, right: Operand, shape: [Int]) {
    let tensors = [try call.input(0), try call.input(1)]
    let shape = try call.broadcast(tensors)
    let operands = tensors.map { tensor in
      guard let numbers = tensor.knownReals else {
        return Operand(elements: call.lane.elements(of: tensor, broadcastTo: shape, node: call.number), isReal: tensor.type.isReal)
      }
      let places = Layout(contiguous: tensor.shape).broadcast(to: shape)?.offsets ?? []
      return Operand(known: places.map { numbers[$0] }, isReal: tensor.type.isReal)
    }
    return (operands[0], operands[1], shape)
  }
}
