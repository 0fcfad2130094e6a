import Quell

/// What a site is called in reports, whatever its exporter called it.
public struct SiteTitle: Hashable, Sendable {
  /// The half of a block: `time_mix` and `channel_mix`, `attention` and `feed_forward`, or what the name says; `head` for the head.
  public let group: String
  /// What the site feeds, the same for all blocks.
  public let kind: String
  /// The block, where the name says so.
  public let layer: Int?

  /// The title of a site of a model that is an RWKV or is not.
  init(_ site: SiteDescription, isRecurrent: Bool) {
    layer = site.name.split(separator: ".").lazy.compactMap { Int($0) }.first
    if site.isHead {
      (group, kind) = ("head", "head")
      return
    }
    if isRecurrent, let part = site.blockPart {
      (group, kind) = (part.half.rawValue, "\(part.half.rawValue).\(part.projection)")
      return
    }
    let first = site.kind.split(separator: ".").first.map(String.init) ?? site.kind
    group =
      switch first {
      case "att", "self_attn": "attention"
      case "ffn", "fc1", "fc2", "mlp": "feed_forward"
      default: first
      }
    kind = site.kind
  }
}

extension ProgramOutline {
  /// The titles of all sites.
  public var titles: [SiteTitle] {
    let isRecurrent = sites.contains { $0.kind.hasSuffix(".receptance") }
    return sites.map { SiteTitle($0, isRecurrent: isRecurrent) }
  }
}
