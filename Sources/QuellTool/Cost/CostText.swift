import Quell
import QuellCost

/// A report as lines of text: what is assumed, a table, bars by component, totals and savings.
struct CostText {
  private static let barLength = 32

  private let report: CostReport
  private let level: CostReport.Level
  private let showsDense: Bool

  init(_ report: CostReport, by level: CostReport.Level, showsDense: Bool) {
    self.report = report
    self.level = level
    self.showsDense = showsDense
  }

  var text: String {
    ([CostReport.caution] + assumptions + [""] + table + [""] + bars + [""] + totals + savings).joined(separator: "\n") + "\n"
  }

  private var cases: [CostCase] { report.cases.filter { showsDense || $0 != .dense } }

  private var assumptions: [String] {
    let (model, execution) = (report.model, report.model.execution)
    let parts = Component.allCases.filter { execution.components.contains($0) }.map(\.rawValue).joined(separator: ", ")
    let left = Component.allCases.filter { !execution.components.contains($0) }.map(\.rawValue).joined(separator: ", ")
    let groups = execution.groupsEvents ? "events in groups of \(model.device.eventGroup)" : "events one by one"
    let cores =
      model.cores == model.neededCores
      ? "\(model.cores) cores" : "\(model.cores) cores of the \(model.neededCores) whose memory would hold all weights"
    return [
      "\(report.subject.name), thresholds: \(report.subject.thresholds); \(Int(report.subject.activity.tokens)) tokens",
      "\(model.device.name): \(groups), \(cores), \(execution.isPipelined ? "pipelined" : "one core at a time"), "
        + "\(Figures.bytes(Int(model.weightBytes))) of weights",
      "priced: \(parts)" + (left.isEmpty ? "" : "; left out: \(left)"),
    ]
  }

  private var table: [String] {
    let total = report.totals[.sparse]?.energyUj ?? 0
    let others = Array(cases.dropFirst())
    func cells(_ name: String, _ figures: [CostCase: CostQuantities]) -> [String]? {
      guard let row = figures[.sparse] else { return nil }
      let savings = others.map { other -> String in
        let energy = figures[other]?.energyUj ?? 0
        return energy == 0 ? "" : Percentage(1 - row.energyUj / energy).description
      }
      let own: [String] = [
        name, Figures.count(row.denseMacs), Figures.count(row.events), row.denseMacs == 0 ? "" : Percentage(row.sparsity).description,
        Figures.count(row.effectiveMacs + row.effectiveAcs), Figures.count(row.accesses), Figures.count(row.cycles),
        Figures.short(row.energyUj), total == 0 ? "" : Percentage(row.energyUj / total).description,
      ]
      return own + savings
    }
    let rows = report.rows(by: level).compactMap { cells($0.name, $0.cases) } + [cells("total", report.totals)].compactMap { $0 }
    return TextTable(
      header: [level.rawValue, "dense MACs", "events", "sparsity", "effective", "accesses", "cycles", "energy uJ", "share"]
        + others.map { "saved against \($0.rawValue)" },
      rows: rows
    ).lines
  }

  /// Energy by component, of each case.
  private var bars: [String] {
    let rows = report.rows(by: .component)
    let greatest = rows.flatMap { row in cases.map { row.cases[$0]?.energyUj ?? 0 } }.max() ?? 0
    return TextTable(
      header: ["component", "case", "energy uJ", ""],
      rows: rows.flatMap { row in
        cases.map { which in
          let energy = row.cases[which]?.energyUj ?? 0
          let length = greatest == 0 ? 0 : Int((Double(CostText.barLength) * energy / greatest).rounded())
          return [which == cases.first ? row.name : "", which.rawValue, Figures.short(energy), String(repeating: "#", count: length)]
        }
      }
    ).lines
  }

  private var totals: [String] {
    TextTable(
      header: ["per token", "energy uJ", "latency ms", "pJ per synaptic operation", "energy x latency uJ ms", "next token after ms"],
      rows: cases.compactMap { which in
        report.totals[which].map { total in
          [
            CostText.name(which), Figures.short(total.energyUj), Figures.short(total.latencyMs),
            Figures.short(total.picojoulesPerSynapticOperation), Figures.short(total.energyDelay),
            Figures.short(report.interval(which) ?? 0),
          ]
        }
      }
    ).lines
  }

  private var savings: [String] {
    var lines: [String] = []
    for which in cases.dropFirst() {
      guard let energy = report.saving(\.energyUj, against: which), let latency = report.saving(\.latencyMs, against: which) else {
        continue
      }
      let energyFactor = Figures.fixed(1 / (1 - energy), 2)
      let latencyFactor = Figures.fixed(1 / (1 - latency), 2)
      lines.append(
        "saved against \(CostText.name(which)): \(Percentage(energy)) of the energy (\(energyFactor)x), "
          + "\(Percentage(latency)) of the time (\(latencyFactor)x)")
    }
    let device = report.model.device
    let (energy, latency) = (Percentage(device.relativeEnergyError), Percentage(device.relativeLatencyError))
    return lines + ["uncertain by \(energy) in energy and \(latency) in time, as the profile says"]
  }

  private static func name(_ which: CostCase) -> String {
    switch which {
    case .sparse: "sparse (thresholds)"
    case .natural: "natural (exact zeros skipped)"
    case .dense: "dense (nothing skipped)"
    }
  }
}
