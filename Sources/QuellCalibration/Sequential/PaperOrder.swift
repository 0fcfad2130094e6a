import Quell

/// The sites that the sequential search visits, in its order.
///
/// In an RWKV block these are the inputs of time-mix key, receptance, value and output, then of channel-mix receptance, key and value;
/// they are known by the last words of their kinds. In any other model they are in the order of the program, without those that
/// attention writes (the output projection). The vocabulary head is never among them.
public enum PaperOrder {
  private static let projections: [BlockPart.Half: [String]] = [
    .timeMix: ["key", "receptance", "value", "output"], .channelMix: ["receptance", "key", "value"],
  ]

  /// The numbers of the sites.
  public static func sites(of model: Model) -> [Int] {
    let sites = model.sites
    let searched = model.sitesInOrder.filter { !sites[$0].isHead }
    let ranks = searched.map { rank(sites[$0].blockPart) }
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

  /// The place of a part within an RWKV block.
  private static func rank(_ part: BlockPart?) -> Int? {
    guard let part, let place = projections[part.half]?.firstIndex(of: part.projection) else { return nil }
    return part.half == .timeMix ? place : place + (projections[.timeMix]?.count ?? 0)
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
