import Quell

/// A report as comma-separated values: one line for each case, level and name, flat.
public enum CostSheet {
  private static let columns: [(name: String, value: @Sendable (CostQuantities) -> Double)] = [
    ("inputs", { $0.inputs }), ("events", { $0.events }), ("sparsity", { $0.sparsity }), ("dense_macs", { $0.denseMacs }),
    ("effective_macs", { $0.effectiveMacs }), ("effective_acs", { $0.effectiveAcs }),
    ("weight_reads", { $0.weightReads.values.reduce(0, +) }), ("state_reads", { $0.stateReads }), ("state_writes", { $0.stateWrites }),
    ("elementary_functions", { $0.elementaryFunctions }), ("special_functions", { $0.specialFunctions }), ("cycles", { $0.cycles }),
    ("energy_compute_uj", { $0.energyComputeUj }), ("energy_memory_uj", { $0.energyMemoryUj }),
    ("energy_network_uj", { $0.energyNetworkUj }), ("energy_uj", { $0.energyUj }), ("latency_compute_ms", { $0.latencyComputeMs }),
    ("latency_memory_ms", { $0.latencyMemoryMs }), ("latency_network_ms", { $0.latencyNetworkMs }), ("latency_ms", { $0.latencyMs }),
  ]

  /// The lines, the names of the columns first. The first column says of each line that it is modelled.
  public static func document(_ report: CostReport) -> String {
    var lines = [(["basis", "device", "case", "level", "name"] + columns.map(\.name)).joined(separator: ",")]
    for which in report.cases {
      func add(_ level: String, _ name: String, _ quantities: CostQuantities?) {
        guard let quantities else { return }
        let words = [CostReport.caution, report.model.device.name, which.rawValue, level, name].map(quoted)
        lines.append((words + columns.map { "\($0.value(quantities))" }).joined(separator: ","))
      }
      for level in CostReport.Level.allCases {
        for row in report.rows(by: level) { add(level.rawValue, row.name, row.cases[which]) }
      }
      add("total", "total", report.totals[which])
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A word as one field.
  private static func quoted(_ word: String) -> String {
    guard word.contains(where: { ",\"\n\r".contains($0) }) else { return word }
    return "\"" + word.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
