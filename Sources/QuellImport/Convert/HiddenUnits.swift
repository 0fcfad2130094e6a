import Quell

/// The units of a hidden vector, such as those of a channel mix or a feed-forward layer, and everything that has a number or a row for
/// each of them: the linear operations that make the vector, with their biases and scales, and those that its events drive. Between
/// them the units go each its own way, so that their order can be changed everywhere at once and means nothing.
struct HiddenUnits: Equatable {
  /// What of a tensor belongs to a unit.
  enum Axis: Equatable {
    case row
    case column
  }

  /// The site whose inputs they are.
  let site: Int
  /// How many there are.
  let count: Int
  /// Tensors with a row or a column for each.
  let parts: [Int: Axis]

  /// Those of a model, in the order of its program. A vector that state, a normalisation or anything else but elementwise operations
  /// has a part in is left out, as is one in a tensor that serves twice or whose numbers share scales along the units.
  static func all(in model: Model) -> [HiddenUnits] {
    let search = HiddenUnitSearch(model)
    return model.operations.indices.compactMap { search.units(of: $0) }
  }
}

/// Looks for hidden units from the place where their events are made: backwards to what makes them, then forwards for whoever else
/// reads them.
private struct HiddenUnitSearch {
  private let operations: [Operation]
  private let values: [Value]
  private let tensors: [TensorDescription]
  private let isHead: [Bool]
  private let logits: Int
  private let uses: TensorUses

  init(_ model: Model) {
    (operations, values, tensors, logits) = (model.operations, model.values, model.tensors, model.logitsValue)
    isHead = model.sites.map(\.isHead)
    uses = TensorUses(operations) { [values] in values[$0].storage == .weight ? values[$0].offset : nil }
  }

  /// The units whose events an operation makes, or nil.
  func units(of end: Int) -> HiddenUnits? {
    guard case .events(let site, let source) = operations[end], !isHead[site], values[source].storage == .scratch else { return nil }
    var found = Found(count: values[source].count)
    guard want(source, &found) else { return nil }
    var begin = end
    while !found.wanted.isEmpty {
      begin -= 1
      guard begin >= 0 else { return nil }
      guard let place = scratch(operations[begin].writes) else { continue }
      guard let range = found.wanted.first(where: { $0.overlaps(place) }) else { continue }
      // What it is made from may have lain in the same place.
      found.wanted.remove(range)
      guard range == place, makes(operations[begin], &found) else { return nil }
      found.operations.insert(begin)
    }
    for operation in operations[(end + 1)...] {
      if case .events = operation { break }
      guard case .linear(let matrix, let layout, _, _, _) = operation else { continue }
      guard add(matrix, layout == .inputMajor ? .row : .column, &found) else { return nil }
    }
    found.operations.insert(end)
    return isPrivate(found, from: begin) ? HiddenUnits(site: site, count: found.count, parts: found.parts) : nil
  }

  /// What has been found of some units.
  private struct Found {
    let count: Int
    /// Where numbers of theirs lie whose making has not been seen yet.
    var wanted: Set<Range<Int>> = []
    var operations: Set<Int> = []
    var parts: [Int: HiddenUnits.Axis] = [:]
  }

  private func scratch(_ value: Int?) -> Range<Int>? {
    guard let value, values[value].storage == .scratch else { return nil }
    return values[value].offset..<(values[value].offset + values[value].count)
  }

  /// Takes in what an operation makes a number of each unit from; false where units mix.
  private func makes(_ operation: Operation, _ found: inout Found) -> Bool {
    switch operation {
    case .copy(let source, _), .unary(_, let source, _): return want(source, &found)
    case .binary(_, let left, let right, _): return want(left, &found) && want(right, &found)
    case .choose(let condition, let left, let right, _): return want(condition, &found) && want(left, &found) && want(right, &found)
    case .linear(let matrix, let layout, let bias, let scale, _):
      return add(matrix, layout == .inputMajor ? .column : .row, &found)
        && [bias, scale].allSatisfy { vector in vector.map { want($0, &found) } ?? true }
    default: return false
    }
  }

  /// Takes in an operand of an elementwise operation: a number for all, stored numbers, or numbers that something else makes.
  private func want(_ value: Int, _ found: inout Found) -> Bool {
    if values[value].count == 1, found.count > 1 { return true }
    guard values[value].count == found.count else { return false }
    if values[value].storage == .weight { return add(values[value].offset, .column, &found) }
    guard let place = scratch(value) else { return false }
    guard !found.wanted.contains(where: { $0 != place && $0.overlaps(place) }) else { return false }
    found.wanted.insert(place)
    return true
  }

  private func add(_ tensor: Int, _ axis: HiddenUnits.Axis, _ found: inout Found) -> Bool {
    let length = axis == .row ? tensors[tensor].rows : tensors[tensor].columns
    guard uses.isOnce(tensor: tensor), length == found.count, axis == .row || tensors[tensor].format.blockCount == 1 else { return false }
    found.parts[tensor] = axis
    return true
  }

  /// Whether nothing but the operations found reads what they make.
  private func isPrivate(_ found: Found, from begin: Int) -> Bool {
    var own: [Range<Int>] = []
    for index in begin..<operations.count {
      let isOwn = found.operations.contains(index)
      if !isOwn, operations[index].reads.contains(where: { value in scratch(value).map { isRead($0, own) } ?? false }) { return false }
      guard let place = scratch(operations[index].writes) else { continue }
      own.removeAll { $0.overlaps(place) }
      if isOwn { own.append(place) }
    }
    return !(scratch(logits).map { isRead($0, own) } ?? false)
  }

  private func isRead(_ place: Range<Int>, _ own: [Range<Int>]) -> Bool { own.contains { $0.overlaps(place) } }
}
