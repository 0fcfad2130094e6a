/// The shape of a decoder: what kind it is, and how large.
public struct DecoderShape: Equatable, Sendable {
  /// The kinds of decoder whose layers are known.
  public enum Kind: String, Sendable, CaseIterable {
    /// Time mix and channel mix (Peng et al. 2023, arXiv 2305.13048).
    case rwkv4
    /// Attention with learned positions and a feed-forward network with ReLU (Zhang et al. 2022, arXiv 2205.01068).
    case opt
    /// Gated recurrences and ternary matrices (Zhu et al. 2024, arXiv 2406.02528).
    case matmulfree
  }

  /// What kind of decoder it is.
  public var kind: Kind
  /// How many layers, or blocks, there are.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Hidden units of the channel mix or of the feed-forward network.
  public var feedForward: Int
  /// How many heads attention has; they divide the width.
  public var heads: Int
  /// How many tokens there are.
  public var vocabulary: Int
  /// The greatest number of positions, where something limits it.
  public var positions: Int

  /// The published shapes, by name.
  public static let named: [(name: String, shape: DecoderShape)] = [
    ("rwkv4-169m", DecoderShape(.rwkv4, layers: 12, width: 768, vocabulary: 50277)),
    ("rwkv4-430m", DecoderShape(.rwkv4, layers: 24, width: 1024, vocabulary: 50277)),
    ("rwkv4-1b5", DecoderShape(.rwkv4, layers: 24, width: 2048, vocabulary: 50277)),
    ("rwkv4-3b", DecoderShape(.rwkv4, layers: 32, width: 2560, vocabulary: 50277)),
    ("opt-125m", DecoderShape(.opt, layers: 12, width: 768, heads: 12, vocabulary: 50272, positions: 2048)),
    ("opt-1.3b", DecoderShape(.opt, layers: 24, width: 2048, heads: 32, vocabulary: 50272, positions: 2048)),
    ("opt-2.7b", DecoderShape(.opt, layers: 32, width: 2560, heads: 32, vocabulary: 50272, positions: 2048)),
    ("matmulfree-370m", DecoderShape(.matmulfree, layers: 24, width: 1024, vocabulary: 32000)),
    ("matmulfree-1b3", DecoderShape(.matmulfree, layers: 24, width: 2048, vocabulary: 32000)),
    ("matmulfree-2b7", DecoderShape(.matmulfree, layers: 32, width: 2560, vocabulary: 32000)),
  ]

  /// A shape whose feed-forward network is as wide as is usual for its kind.
  init(_ kind: Kind, layers: Int, width: Int, heads: Int = 1, vocabulary: Int, positions: Int = 0) {
    self.kind = kind
    self.layers = layers
    self.width = width
    feedForward = kind.feedForward(width)
    self.heads = heads
    self.vocabulary = vocabulary
    self.positions = positions
  }

  /// The shape of a name such as `rwkv4-430m`, or of a description such as `rwkv4:layers=2,d=256,ffn=1024,vocabulary=2048`;
  /// what a description leaves out is as in the smallest named shape of its kind.
  ///
  /// - Throws: `ImportFailure` of kind `unsupported`, which says what would be understood.
  public init(_ text: String) throws(ImportFailure) {
    if let known = DecoderShape.named.first(where: { $0.name == text }) {
      self = known.shape
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])),
      let smallest = DecoderShape.named.first(where: { $0.shape.kind == kind })
    else {
      throw .unsupported(
        "There is no shape '\(text)'; name one of \(DecoderShape.named.map { $0.name }.joined(separator: ", ")), "
          + "or describe one as in rwkv4:layers=2,d=256,ffn=1024,vocabulary=2048.")
    }
    self = smallest.shape
    var hasFeedForward = false
    for part in parts[1].split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, let number = Int(pair[1]), (1...1 << 20).contains(number) else {
        throw .unsupported("'\(part)' in '\(text)' is no key=number with a number from 1 to 1048576.")
      }
      switch pair[0] {
      case "layers": layers = number
      case "d": width = number
      case "ffn": (feedForward, hasFeedForward) = (number, true)
      case "heads": heads = number
      case "vocabulary": vocabulary = number
      case "positions" where kind == .opt: positions = number
      default: throw .unsupported("'\(pair[0])' in '\(text)' is none of layers, d, ffn, heads, vocabulary and positions (of opt).")
      }
    }
    if !hasFeedForward { feedForward = kind.feedForward(width) }
    guard layers * width <= 1 << 20, width % heads == 0 else {
      throw .unsupported("'\(text)' has \(layers) layers of \(width) with \(heads) heads: too large, or no whole number to the head.")
    }
  }
}

extension DecoderShape.Kind {
  /// Four times the residual stream, or, of a gated network, which has three matrices instead of two, 8/3 of it in whole blocks of 256.
  fileprivate func feedForward(_ width: Int) -> Int { self == .matmulfree ? (width * 8 / 3 + 255) / 256 * 256 : 4 * width }
}
