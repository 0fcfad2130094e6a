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
    let parts = site.kind.split(separator: ".", maxSplits: 1).map(String.init)
    let group =
      switch parts[0] {
      case "attention", "att": isRecurrent ? "time_mix" : "attention"
      case "feed_forward", "ffn": isRecurrent ? "channel_mix" : "feed_forward"
      case "self_attn": "attention"
      case "fc1", "fc2", "mlp": "feed_forward"
      default: parts[0]
      }
    self.group = group
    kind = parts.count > 1 && isRecurrent ? "\(group).\(parts[1])" : site.kind
  }
}

extension ProgramOutline {
  /// The titles of all sites.
  public var titles: [SiteTitle] {
    let isRecurrent = sites.contains { $0.kind.hasSuffix(".receptance") }
    return sites.map { SiteTitle($0, isRecurrent: isRecurrent) }
  }
}
