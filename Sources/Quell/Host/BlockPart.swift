#if !hasFeature(Embedded)
  /// What a site feeds in an RWKV block, whatever its exporter called it.
  package struct BlockPart: Equatable, Sendable {
    /// The halves of a block.
    package enum Half: String, Sendable {
      case timeMix = "time_mix"
      case channelMix = "channel_mix"
    }

    package let half: Half
    /// `key`, `value`, `receptance` or `output`.
    package let projection: String
  }

  extension SiteDescription {
    /// Known by the last two words of the kind; nil where they are no part of an RWKV block.
    package var blockPart: BlockPart? {
      let words = kind.split(separator: ".").map(String.init)
      guard words.count == 2 else { return nil }
      let half: BlockPart.Half
      switch words[0] {
      case "attention", "att": half = .timeMix
      case "feed_forward", "ffn": half = .channelMix
      default: return nil
      }
      let projections = half == .timeMix ? ["key", "value", "receptance", "output"] : ["key", "value", "receptance"]
      return projections.contains(words[1]) ? BlockPart(half: half, projection: words[1]) : nil
    }
  }
#endif
