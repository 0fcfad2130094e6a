import Quell

/// The sites that the sequential search visits, in its order.
///
/// In an RWKV block these are the inputs of time-mix key, receptance, value and output, then of channel-mix receptance, key and value;
/// they are known by the last words of their kinds. In any other model they are in the order of the program, without those that
/// attention writes (the output projection). The vocabulary head is never among them.
public enum PaperOrder {
  private static let timeMix = ["key", "receptance", "value", "output"]
  private static let channelMix = ["receptance", "key", "value"]

  /// The numbers of the sites.
  public static func sites(of model: Model) -> [Int] {
    let sites = model.sites
    let searched = model.sitesInOrder.filter { !sites[$0].isHead }
    let ranks = searched.map { rank(sites[$0].kind) }
    guard !ranks.contains(nil) else { return withoutAttentionOutputs(searched, model) }
    var order: [Int] = []
    var block: [(rank: Int, site: Int)] = []
    var name: Substring?
    for (site, rank) in zip(searched, ranks) {
      let blockName = sites[site].name.dropLast(sites[site].kind.count)
      if blockName != name { order += sorted(&block) }
      name = blockName
      block.append((rank!, site))
    }
    return order + sorted(&block)
  }

  private static func sorted(_ block: inout [(rank: Int, site: Int)]) -> [Int] {
    defer { block = [] }
    return block.sorted { $0.rank < $1.rank }.map(\.site)
  }

  /// The place of a kind within an RWKV block, nil where it belongs to none.
  private static func rank(_ kind: String) -> Int? {
    let words = kind.split(separator: ".")
    guard words.count == 2 else { return nil }
    switch words[0] {
    case "attention", "att": return timeMix.firstIndex(of: String(words[1]))
    case "feed_forward", "ffn": return channelMix.firstIndex(of: String(words[1])).map { $0 + timeMix.count }
    default: return nil
    }
  }

  private static func withoutAttentionOutputs(_ sites: [Int], _ model: Model) -> [Int] {
    var attended: Set<Int> = []
    for operation in model.operations {
      if case .attention(_, _, _, _, _, _, let result) = operation { attended.insert(result) }
    }
    let sources = Dictionary(
      model.units.flatMap { $0.detections.map { ($0.site, $0.source) } }, uniquingKeysWith: { first, _ in first })
    return sites.filter { !attended.contains(sources[$0]!) }
  }
}
