import Quell

/// Which fraction of a model's work is skipped, and where.
struct SparsityReport: Encodable {
  /// The fraction of a site's inputs that were quiet.
  struct Site: Encodable {
    let name: String
    let kind: String
    let sparsity: Double
  }

  /// Of multiply-accumulates, the vocabulary head's apart.
  let macs: Double
  /// Of the inputs of linear layers, the head's apart. What several layers read counts for each of them.
  let elements: Double
  /// Of the head's inputs; absent where the model has no site of its own for it.
  let head: Double?
  /// By kind of site, weighted by multiply-accumulates.
  let kinds: [String: Double]
  let sites: [Site]

  /// From the events of each site over some tokens, all of which the site has seen.
  init(_ sites: [SiteDescription], events: [UInt64], tokens: UInt64) {
    let fractions = zip(sites, events).map { site, events in 1 - Double(events) / Double(max(tokens, 1)) / Double(max(site.inputs, 1)) }
    let all = Array(zip(sites, fractions))
    let blocks = all.filter { !$0.0.isHead }
    macs = SparsityReport.mean(blocks, weight: \.macs)
    elements = SparsityReport.mean(blocks) { Double($0.inputs * $0.layerCount) }
    head = all.first { $0.0.isHead }?.1
    kinds = Dictionary(grouping: all) { $0.0.kind }
      .mapValues { SparsityReport.mean($0, weight: \.macs) }
    self.sites = all.map { Site(name: $0.0.name, kind: $0.0.kind, sparsity: $0.1) }
  }

  private static func mean(_ sites: [(SiteDescription, Double)], weight: (SiteDescription) -> Double) -> Double {
    let total = sites.reduce(0) { $0 + weight($1.0) }
    return total > 0 ? sites.reduce(0) { $0 + weight($1.0) * $1.1 } / total : 0
  }

  /// The sparsity of each kind of site as a table, kinds in the order in which they come in a block.
  var table: [String] {
    var seen: Set<String> = []
    let order = sites.map(\.kind).filter { seen.insert($0).inserted }
    return TextTable(header: ["site", "sparsity"], rows: order.map { [$0, "\(Percentage(kinds[$0] ?? 0))"] }).lines
  }
}

extension SiteDescription {
  /// How many linear layers of the model read the site: an import makes one of those that share an input, and joins their names.
  fileprivate var layerCount: Int { kind.split(separator: "+").count }
}
