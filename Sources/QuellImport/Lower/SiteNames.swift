/// Names sites after the layers that they feed, as the exporter called them.
struct SiteNames {
  /// What a site is called whose linear operations nothing names.
  static let unnamed = "linear"

  private var used: Set<String> = []

  /// The name and the kind of a site that feeds linear operations of these titles.
  mutating func add(_ titles: [String], isHead: Bool) -> (name: String, kind: String) {
    let named = titles.filter { !$0.isEmpty }
    var name = isHead ? "head" : named.isEmpty ? SiteNames.unnamed : SiteNames.joined(named)
    let kind = isHead ? "head" : SiteNames.kind(name)
    var number = 1
    let base = name
    while !used.insert(name).inserted {
      number += 1
      name = "\(base).\(number)"
    }
    return (name, kind)
  }

  /// What a linear operation is called: after its matrix, the module that the exporter recorded, or its bias.
  static func title(_ matrix: Weight, _ bias: String?, _ node: ONNXNode?) -> String {
    var candidates = [path(matrix.source.name, keepsLast: false)]
    if let node {
      candidates.append(path(module(node.scopes), keepsLast: false))
      candidates.append(path(node.name, keepsLast: false))
    }
    if let bias { candidates.append(path(bias, keepsLast: false)) }
    return candidates.first { !$0.isEmpty }?.joined(separator: ".") ?? ""
  }

  /// The innermost module of the scopes of a node, which end in the operation itself.
  private static func module(_ scopes: [String]) -> String {
    scopes.last { $0.contains(".") }.map { $0 + ".operation" } ?? ""
  }

  /// The meaningful parts of a name, from the layer on: none for names that an exporter made up.
  ///
  /// The last part is the operator or the parameter, which `keepsLast` keeps.
  static func path(_ name: String, keepsLast: Bool) -> [String] {
    guard !name.contains("::") else { return [] }
    var parts = name.split { $0 == "." || $0 == "/" }.map(String.init)
    guard parts.count >= 2 else { return [] }
    if !keepsLast || parts.last!.hasPrefix("Constant") { parts.removeLast() }
    if let layer = parts.firstIndex(where: { $0.allSatisfy(\.isNumber) }), layer > 0 {
      parts.removeFirst(layer - 1)
    } else {
      parts = Array(parts.suffix(keepsLast ? 2 : 1))
    }
    return parts
  }

  /// Whether a name says which layer it belongs to.
  static func hasLayer(_ name: String) -> Bool {
    name.split(separator: ".").contains { $0.allSatisfy(\.isNumber) }
  }

  /// The name without the layer in front.
  private static func kind(_ name: String) -> String {
    let parts = name.split(separator: ".")
    guard let layer = parts.firstIndex(where: { $0.allSatisfy(\.isNumber) }) else { return name }
    let rest = parts[(layer + 1)...].joined(separator: ".")
    return rest.isEmpty ? name : rest
  }

  /// Several names with what they share said once.
  static func joined(_ names: [String]) -> String {
    let split = names.map { $0.split(separator: ".").map(String.init) }
    guard let first = split.first, split.allSatisfy({ $0.dropLast() == first.dropLast() }) else {
      return names.joined(separator: "+")
    }
    var last: [String] = []
    for name in split { if let part = name.last, !last.contains(part) { last.append(part) } }
    return (first.dropLast() + [last.joined(separator: "+")]).joined(separator: ".")
  }
}

extension Program {
  /// Gives sites that nothing names the layer and the place that their order shows: where lengths repeat with a period,
  /// a period is a layer.
  mutating func nameRepeatedSites() {
    var shapes: [[Int]] = []
    var sites: [Int] = []
    var isUnnamed = false
    for operation in operations {
      if case .events(let site, let source) = operation {
        isUnnamed = siteKinds[site] == SiteNames.unnamed
        if isUnnamed {
          sites.append(site)
          shapes.append([count(source)])
        }
      }
      if case .linear(_, _, _, _, let result) = operation, isUnnamed { shapes[shapes.count - 1].append(count(result)) }
    }
    let period = (1..<max(sites.count, 2)).first { period in
      sites.count % period == 0 && shapes.indices.dropFirst(period).allSatisfy { shapes[$0] == shapes[$0 - period] }
    }
    for (index, site) in sites.enumerated() {
      let length = period ?? sites.count
      siteKinds[site] = "\(SiteNames.unnamed).\(index % length)"
      siteNames[site] = "layers.\(index / length).\(siteKinds[site])"
    }
  }
}
