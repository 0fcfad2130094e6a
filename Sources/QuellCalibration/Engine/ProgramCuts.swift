import Quell

/// Where a program can be cut in two, and what of scratch memory passes from the first part to the second.
///
/// A cut is a number of units: those before it are the first part. State never passes: a part of the state is used within one unit,
/// or not written at all.
struct ProgramCuts {
  let units: [ProgramUnit]
  private let operations: [Quell.Operation]
  private let values: [Value]
  private let scratchSize: Int
  private let logits: Value
  /// Whether no list of events and no cache passes, by cut.
  private let isClean: [Bool]
  /// The unit that makes the list of events of each site.
  private let unitOfSite: [Int]

  init(_ model: Model) {
    units = model.units
    operations = model.operations
    values = model.values
    scratchSize = model.scratchSize
    logits = values[model.logitsValue]
    var unitOfSite = [Int](repeating: 0, count: model.sites.count)
    for (number, unit) in units.enumerated() {
      for detection in unit.detections { unitOfSite[detection.site] = number }
    }
    self.unitOfSite = unitOfSite
    isClean = ProgramCuts.cleanCuts(units, operations)
  }

  /// The last cut before a site's list of events is made.
  func cut(before site: Int) -> Int {
    var cut = unitOfSite[site]
    while !isClean[cut] { cut -= 1 }
    return cut
  }

  /// The number of units up to the one that makes a site's list of events, it being the last.
  func end(of site: Int) -> Int { unitOfSite[site] + 1 }

  /// Floats of scratch memory that are written before a cut and read after it. Something comes after it.
  func live(at cut: Int) -> [Range<Int>] {
    var isLive = [Bool](repeating: false, count: scratchSize)
    mark(logits, true, &isLive)
    for operation in operations[units[cut].operations.lowerBound...].reversed() {
      operation.forEachValue { value, isWrite in if isWrite { mark(values[value], false, &isLive) } }
      operation.forEachValue { value, isWrite in if !isWrite { mark(values[value], true, &isLive) } }
    }
    var ranges: [Range<Int>] = []
    for index in isLive.indices where isLive[index] {
      if let last = ranges.last, last.upperBound == index {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    return ranges
  }

  private func mark(_ value: Value, _ mark: Bool, _ isLive: inout [Bool]) {
    guard value.storage == .scratch else { return }
    for index in value.offset..<value.offset + value.count { isLive[index] = mark }
  }

  private static func cleanCuts(_ units: [ProgramUnit], _ operations: [Quell.Operation]) -> [Bool] {
    var isClean = [Bool](repeating: true, count: units.count + 1)
    var usesEvents = false
    var lastUse: [Int: Int] = [:]
    var caches: [Int: Int] = [:]
    for number in units.indices.reversed() {
      for operation in operations[units[number].operations].reversed() {
        switch operation {
        case .events: usesEvents = false
        case .linear: usesEvents = true
        case .attention(_, _, _, let cache, _, _, _):
          // Attentions that share a cache stay together.
          if lastUse[cache] == nil { lastUse[cache] = number }
          caches[cache] = number
        default: break
        }
      }
      isClean[number] = !usesEvents
    }
    for (cache, first) in caches {
      for cut in first + 1..<max(lastUse[cache]! + 1, first + 1) { isClean[cut] = false }
    }
    return isClean
  }
}
