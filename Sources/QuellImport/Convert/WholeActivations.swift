import Quell

extension Program {
  /// Has matrices of 8-bit integers meet whole numbers of 8 bits: before every list of events the vector is divided by its greatest
  /// magnitude, multiplied by 127 and rounded, and every result is multiplied by what one of these numbers stands for, before its bias is added.
  /// The program of a ternary model does the same (Zhu et al. 2024, arXiv 2406.02528, section 3.2); its matrices are left as they are.
  ///
  /// What is quiet stays quiet: the threshold of a site that has one becomes an operation before the rounding, and the site's own becomes 0. A
  /// threshold that is given to the site later is one of whole numbers, of 127 for the greatest magnitude of each token.
  mutating func roundActivations() {
    let rounded = roundedSites
    let longest = operations.reduce(0) { longest, operation in
      guard case .events(let site, let source) = operation, rounded.contains(site) else { return longest }
      return max(longest, count(source))
    }
    guard longest > 0 else { return }
    let rounding = Rounding(&self, longest: longest)
    var changed: [Operation] = []
    /// The place of the chain that is being copied.
    var chain: Int?
    var isRounded = false
    for operation in operations {
      switch operation {
      case .chain:
        chain = changed.count
        changed.append(operation)
      case .events(let site, let source):
        isRounded = rounded.contains(site)
        guard isRounded else {
          changed.append(operation)
          continue
        }
        // The whole vector is looked at before a list is made of it: it ends no chain.
        if let place = chain, case .chain(let members, let elements) = changed[place], changed.count == place + members {
          if members == 1 { changed.removeLast() } else { changed[place] = .chain(count: members - 1, elements: elements) }
        }
        changed += rounding.round(source, site: site, threshold: siteThresholds[site], &self)
        siteThresholds[site] = 0
      case .linear(let matrix, let layout, let bias, let scale, let result) where isRounded:
        changed.append(.linear(matrix: matrix, layout: layout, bias: nil, scale: scale, result: result))
        changed += rounding.scale(result, bias: bias, self)
      default: changed.append(operation)
      }
    }
    operations = changed
  }

  /// The sites of which no matrix is ternary: what these meet is whole already.
  private var roundedSites: Set<Int> {
    var (site, sites) = (0, Set<Int>())
    for operation in operations {
      if case .events(let number, _) = operation {
        site = number
        sites.insert(site)
      }
      if case .linear(let matrix, _, _, _, _) = operation, tensors[matrix].takesWholeBytes { sites.remove(site) }
    }
    return sites
  }
}

/// The operations by which a vector becomes whole numbers, and the memory that they take: one vector and two numbers for all sites, since
/// no list of events is used after the next one is made.
private struct Rounding {
  /// The greatest of them: those of 8 bits but for -128.
  private static let greatest: Float = 127
  /// So that a vector of zeros has a greatest magnitude, by which a number can be divided.
  private static let least: Float = 0x1p-100

  private let vector: Int
  /// The greatest magnitude, then what a whole number stands for.
  private let step: Int
  /// What the vector is multiplied by.
  private let factor: Int
  private let (range, floor): (Int, Int)

  init(_ program: inout Program, longest: Int) {
    vector = program.addPlannedBuffer(longest)
    let numbers = program.addPlannedBuffer(2)
    step = program.addValue(.buffer(numbers, start: 0, count: 1))
    factor = program.addValue(.buffer(numbers, start: 1, count: 1))
    range = program.addVector(named: "activations.range", [Rounding.greatest])
    floor = program.addVector(named: "activations.least", [Rounding.least])
  }

  /// Makes a list of events of whole numbers.
  func round(_ source: Int, site: Int, threshold: Float, _ program: inout Program) -> [Operation] {
    let count = program.count(source)
    let whole = program.addValue(.buffer(vector, start: 0, count: count))
    var operations: [Operation] = [
      .unary(.absolute, source: source, result: whole),
      .reduce(.maximum, source: whole, inner: 1, result: step),
      .binary(.maximum, left: step, right: floor, result: step),
      .binary(.divide, left: range, right: step, result: factor),
      .binary(.divide, left: step, right: range, result: step),
    ]
    var rounding: [Operation] = [
      .binary(.multiply, left: source, right: factor, result: whole), .unary(.round, source: whole, result: whole),
      .events(site: site, source: whole),
    ]
    if threshold > 0 {
      let theta = program.addVector(named: program.siteNames[site] + ".threshold", [threshold])
      rounding[0] = .binary(.multiply, left: whole, right: factor, result: whole)
      rounding.insert(.binary(.threshold, left: source, right: theta, result: whole), at: 0)
    }
    operations.append(.chain(count: rounding.count, elements: count))
    return operations + rounding
  }

  /// Gives a result the size that it would have without rounding, and its bias.
  func scale(_ result: Int, bias: Int?, _ program: Program) -> [Operation] {
    let scaled = Operation.binary(.multiply, left: result, right: step, result: result)
    guard let bias else { return [scaled] }
    return [.chain(count: 2, elements: program.count(result)), scaled, .binary(.add, left: result, right: bias, result: result)]
  }
}
