import Quell

/// Published sparsities of sites, put in the place of a run: percentages of quiet inputs by kind of site.
///
/// The file is an object such as `{"time_mix.key": 61.61, "channel_mix.value": {"sparse": 93.72, "natural": 93.02}}`. Where a site
/// is given one number, its natural zeros are none, but for the site behind a rectifier, where nearly all zeros are natural: there they are
/// taken to be as many.
public struct SiteSparsity: Sendable {
  private var fractions: [String: (sparse: Double, natural: Double?)] = [:]

  /// Reads a file.
  public init(_ bytes: [UInt8]) throws(CostFailure) {
    for (kind, value) in try JSONTree(bytes).members() {
      if case .object = value.node {
        let both = try value.members(of: ["sparse", "natural"])
        fractions[kind] = (
          try SiteSparsity.fraction(both.require("sparse", in: kind)), try SiteSparsity.fraction(both.require("natural", in: kind))
        )
      } else {
        fractions[kind] = (try SiteSparsity.fraction(value), nil)
      }
    }
  }

  private static func fraction(_ tree: JSONTree) throws(CostFailure) -> Double {
    let percent = try tree.amount()
    guard percent <= 100 else { throw .malformed("'\(tree.path)' is \(percent), more than 100 percent") }
    return percent / 100
  }

  /// What the sites of a program do for one token, in the program's order.
  public struct Activity {
    /// With the sparsities that are given.
    public let sparse: [SiteActivity]
    /// Where only those inputs are quiet that are zero by themselves.
    public let natural: [SiteActivity]
  }

  /// What the sites of a program do for one token. A site of a kind that the file does not name is refused unless it is the head's
  /// (which has no quiet inputs then) or is left out.
  public func activity(of outline: ProgramOutline, group: Int, components: Set<Component>) throws(CostFailure) -> Activity {
    let titles = outline.titles
    let kinds = Set(titles.map(\.kind))
    if let unknown = fractions.keys.sorted().first(where: { !kinds.contains($0) }) {
      throw .malformed("'\(unknown)' is no kind of site of this shape; it has \(kinds.sorted().joined(separator: ", "))")
    }
    let rectified = outline.rectifiedSites
    var sparse: [SiteActivity] = []
    var natural: [SiteActivity] = []
    for (index, site) in outline.sites.enumerated() {
      let given = fractions[titles[index].kind]
      guard given != nil || site.isHead || !components.contains(.linear) else {
        throw .malformed("the sparsity of '\(titles[index].kind)' is missing")
      }
      let fraction = given?.sparse ?? 0
      sparse.append(.mean(of: site.inputs, quiet: fraction, group: group))
      natural.append(.mean(of: site.inputs, quiet: given?.natural ?? (rectified.contains(index) ? fraction : 0), group: group))
    }
    return Activity(sparse: sparse, natural: natural)
  }
}

extension SiteActivity {
  /// What a site does for one token where a fraction of its inputs is quiet, each group but the last being full.
  static func mean(of inputs: Int, quiet: Double, group: Int) -> SiteActivity {
    let events = (1 - quiet) * Double(inputs)
    return SiteActivity(visits: 1, events: events, groups: (events / Double(group)).rounded(.up))
  }
}

extension ProgramOutline {
  /// Sites whose vector comes out of a rectifier, perhaps squared or multiplied since.
  var rectifiedSites: Set<Int> {
    var rectified: Set<Int> = []
    var values: Set<Value> = []
    for operation in operations {
      switch operation {
      case .unary(.relu, _, let result): values.insert(self.values[result])
      case .binary(.multiply, let left, let right, let result)
      where values.contains(self.values[left]) || values.contains(self.values[right]):
        values.insert(self.values[result])
      case .events(let site, let source): if values.contains(self.values[source]) { rectified.insert(site) }
      default:
        operation.forEachValue { value, isWrite in if isWrite { values.remove(self.values[value]) } }
      }
    }
    return rectified
  }
}
