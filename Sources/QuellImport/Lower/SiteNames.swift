/// Names sites after the layers that they feed, as the exporter called them.
struct SiteNames {
  private var used: Set<String> = []

  /// The name and the kind of a site that feeds linear operations of these titles.
  mutating func add(_ titles: [String], isHead: Bool) -> (name: String, kind: String) {
    let named = titles.filter { !$0.isEmpty }
    var name = isHead ? "head" : named.isEmpty ? "linear" : SiteNames.joined(named)
    let kind = isHead ? "head" : SiteNames.kind(name)
    var number = 1
    let base = name
    while !used.insert(name).inserted {
      number += 1
      name = "\(base).\(number)"
    }
    return (name, kind)
  }

  /// The innermost module of the scopes of a node, which end in the operation itself.
  static func module(_ scopes: [String]) -> String {
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
    } else if let layer = parts.firstIndex(where: { $0.last?.isNumber ?? false }) {
      parts.removeFirst(layer)
    } else {
      parts = Array(parts.suffix(keepsLast ? 2 : 1))
    }
    return parts
  }

  /// Which part of a name is the number of the layer, or a name that ends in it.
  static func layer(_ parts: [String]) -> Int? {
    parts.firstIndex { $0.allSatisfy(\.isNumber) } ?? parts.dropLast().firstIndex { $0.last?.isNumber ?? false }
  }

  /// The name without the layer in front.
  private static func kind(_ name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    guard let layer = layer(parts) else { return name }
    let rest = parts[(layer + 1)...].joined(separator: ".")
    return rest.isEmpty ? name : rest
  }

  /// Several names with what they share said once.
  private static func joined(_ names: [String]) -> String {
    let split = names.map { $0.split(separator: ".").map(String.init) }
    guard let first = split.first, split.allSatisfy({ $0.dropLast() == first.dropLast() }) else {
      return names.joined(separator: "+")
    }
    var last: [String] = []
    for name in split { if let part = name.last, !last.contains(part) { last.append(part) } }
    return (first.dropLast() + [last.joined(separator: "+")]).joined(separator: ".")
  }
}
