import FoundationEssentials
import Quell

/// A report as one JSON document. docs/COST.md lists its keys.
public struct CostDocument: Encodable {
  struct Assumptions: Encodable {
    let components: [String]
    let leftOut: [String]
    let eventsGrouped: Bool
    let eventGroup: Int
    let weights: [String: Double]
    let cores: Int
    let coresNeeded: Int
    let schedule: String
    let hops: Double?
    let natural: String
    let dense: String
  }

  struct Range: Encodable {
    let relative: Double
    let from: Double
    let to: Double

    init(_ value: Double, _ relative: Double) {
      self.relative = relative
      from = value * max(0, 1 - relative)
      to = value * (1 + relative)
    }
  }

  struct Uncertainty: Encodable {
    let energyUj: Range
    let latencyMs: Range
  }

  struct Efficiency: Encodable {
    let picojoulesPerSynapticOperation: Double
    let energyDelayUjMs: Double
    let intervalMs: Double
  }

  struct Saving: Encodable {
    let energy: Double?
    let latency: Double?
    let energyRatio: Double?
    let latencyRatio: Double?
  }

  let caution: String
  let model: String
  let modelFingerprint: String?
  let thresholds: String
  let device: String
  let profile: JSONTree.Node
  let assumptions: Assumptions
  let tokens: Double
  let groups: [String: [String: CostQuantities]]
  let sites: [String: [String: CostQuantities]]
  let layers: [String: [String: CostQuantities]]
  let components: [String: [String: CostQuantities]]
  let totals: [String: CostQuantities]
  let efficiency: [String: Efficiency]
  let savings: [String: Saving]
  let uncertainty: Uncertainty

  /// The document of a report.
  public init(_ report: CostReport) throws(CostFailure) {
    let (subject, costs) = (report.subject, report.model)
    caution = CostReport.caution
    model = subject.name
    modelFingerprint = subject.fingerprint
    thresholds = subject.thresholds
    device = costs.device.name
    profile = try JSONTree(costs.device.document).node
    assumptions = Assumptions(costs)
    tokens = subject.activity.tokens
    func level(_ level: CostReport.Level) -> [String: [String: CostQuantities]] {
      Dictionary(uniqueKeysWithValues: report.rows(by: level).map { ($0.name, named($0.cases)) })
    }
    groups = level(.group)
    sites = level(.kind)
    layers = level(.layer)
    components = level(.component)
    totals = named(report.totals)
    efficiency = named(
      report.totals.reduce(into: [:]) { efficiencies, total in
        efficiencies[total.key] = Efficiency(
          picojoulesPerSynapticOperation: total.value.picojoulesPerSynapticOperation, energyDelayUjMs: total.value.energyDelay,
          intervalMs: report.interval(total.key) ?? 0)
      })
    var savings: [CostCase: Saving] = [:]
    for other in [CostCase.natural, .dense] where report.totals[other] != nil {
      let (energy, latency) = (report.saving(\.energyUj, against: other), report.saving(\.latencyMs, against: other))
      savings[other] = Saving(
        energy: energy, latency: latency, energyRatio: energy.map { 1 / (1 - $0) }, latencyRatio: latency.map { 1 / (1 - $0) })
    }
    self.savings = named(savings)
    uncertainty = Uncertainty(
      energyUj: Range(report.totals[.sparse]?.energyUj ?? 0, costs.device.energyUncertainty.value),
      latencyMs: Range(report.totals[.sparse]?.latencyMs ?? 0, costs.device.latencyUncertainty.value))
  }
}

extension CostDocument {
  /// The document's bytes: keys in snake case and in alphabetical order, ended by a line break.
  public func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // What costs nothing saves without bound; JSON has no number for that.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(self)) + Array("\n".utf8)
  }
}

/// Keys as they stand in a document.
private func named<Value>(_ cases: [CostCase: Value]) -> [String: Value] {
  Dictionary(uniqueKeysWithValues: cases.map { ($0.key.rawValue, $0.value) })
}

extension CostDocument.Assumptions {
  init(_ model: CostModel) {
    let (device, execution) = (model.device, model.execution)
    components = Component.allCases.filter { execution.components.contains($0) }.map(\.rawValue)
    leftOut = Component.allCases.filter { !execution.components.contains($0) }.map(\.rawValue)
    eventsGrouped = execution.groupsEvents
    eventGroup = device.eventGroup
    weights = model.weightFormats
    cores = model.cores
    coresNeeded = model.neededCores
    schedule = execution.isPipelined ? "pipelined" : "one core at a time"
    hops = model.cores > 1 ? execution.hops ?? device.network?.hops.value : nil
    natural = "only inputs that are exactly zero are quiet"
    dense = device.skipsQuietInputs ? "every input fires" : "the device skips nothing in any case"
  }
}

extension CostModel {
  /// How many weights of the operations that are priced are stored in which format.
  var weightFormats: [String: Double] {
    var formats: [String: Double] = [:]
    for (index, operation) in outline.operations.enumerated() where execution.components.contains(places[index].component) {
      guard case .linear(let tensor, _, _, _, _) = operation else { continue }
      formats["\(outline.tensors[tensor].format)", default: 0] += Double(outline.tensors[tensor].rows * outline.tensors[tensor].columns)
    }
    return formats
  }
}

extension JSONTree.Node: Encodable {
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let bool): try container.encode(bool)
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    case .list(let list): try container.encode(list)
    case .object(let members): try container.encode(members)
    }
  }
}
