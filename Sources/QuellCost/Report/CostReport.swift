import Quell

/// What a program costs on a device: with its thresholds, with natural zeros alone, and if nothing were skipped.
public struct CostReport: Sendable {
  /// What costs are told for.
  public enum Level: String, CaseIterable, Sendable {
    /// The halves of all blocks.
    case group
    /// What sites feed, the same for all blocks; operations between count to the site that comes next.
    case kind
    /// Blocks.
    case layer
    /// Parts of the model.
    case component
  }

  /// One line of a level.
  public struct Row: Sendable {
    /// What the line is for.
    public let name: String
    /// What it comes to in each case.
    public let cases: [CostCase: CostQuantities]
  }

  /// What is priced.
  public let subject: CostSubject
  /// How it is priced.
  public let model: CostModel
  let runs: [CostCase: CostRun]
  /// All operations together.
  public let totals: [CostCase: CostQuantities]

  /// Prices all cases.
  public init(_ subject: CostSubject, on device: Device, _ execution: Execution) throws(CostFailure) {
    self.subject = subject
    model = try CostModel(subject.outline, on: device, execution)
    var runs: [CostCase: CostRun] = [:]
    runs[.sparse] = try model.price(subject.activity, sites: subject.sparse)
    if let natural = subject.natural { runs[.natural] = try model.price(subject.activity, sites: natural) }
    runs[.dense] = try model.price(subject.activity, sites: subject.dense(group: device.eventGroup))
    self.runs = runs
    totals = runs.mapValues { CostQuantities($0.total, of: $0, on: device, isTotal: true) }
  }

  /// The cases that were priced, the sparse one first.
  public var cases: [CostCase] { CostCase.allCases.filter { runs[$0] != nil } }

  /// The lines of a level, in the order of the program; those of which nothing is priced are left out.
  public func rows(by level: Level) -> [Row] {
    let titles = model.outline.titles
    var names: [String] = []
    var members: [String: [Int]] = [:]
    for (index, place) in model.places.enumerated() where model.execution.components.contains(place.component) {
      let title = titles.isEmpty ? nil : titles[place.near]
      let name =
        switch level {
        case .group: title?.group ?? "-"
        case .kind: title?.kind ?? "-"
        case .layer: title?.layer.map { "\($0)" } ?? title?.group ?? "-"
        case .component: place.component.rawValue
        }
      if members[name] == nil { names.append(name) }
      members[name, default: []].append(index)
    }
    return names.map { name in
      Row(
        name: name,
        cases: runs.mapValues { run in
          let sum = members[name]!.reduce(into: CostSum()) { $0 += run.sums[$1] }
          return CostQuantities(sum, of: run, on: model.device)
        })
    }
  }

  /// The fraction of energy, or of latency, that a case is below another one.
  public func saving(_ quantity: KeyPath<CostQuantities, Double>, against other: CostCase) -> Double? {
    guard let sparse = totals[.sparse], let other = totals[other], other[keyPath: quantity] > 0 else { return nil }
    return 1 - sparse[keyPath: quantity] / other[keyPath: quantity]
  }

  /// Milliseconds after which the device is ready for another token.
  public func interval(_ which: CostCase) -> Double? {
    runs[which].map { $0.intervalMilliseconds / max($0.tokens, 1) }
  }

  /// What is true of every figure.
  public static let caution = "modelled, not measured"
}
