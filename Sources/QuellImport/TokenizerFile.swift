/// The parts of a `tokenizer.json` that decide how text becomes tokens, as they stand there.
///
/// Truncation and padding are left out: they shape batches, not tokens.
struct TokenizerFile: Decodable {
  let model: Model
  let addedTokens: [AddedToken]?
  let normalizer: Component?
  let preTokenizer: Component?
  let postProcessor: Component?
  let decoder: Component?

  enum CodingKeys: String, CodingKey {
    case model, normalizer, decoder
    case addedTokens = "added_tokens"
    case preTokenizer = "pre_tokenizer"
    case postProcessor = "post_processor"
  }

  /// Byte-pair encoding.
  struct Model: Decodable {
    let vocabulary: [String: Int]
    let merges: [Merge]
    let dropout: Double?
    let unknownToken: String?
    let wordPrefix: String?
    let wordSuffix: String?
    let byteFallback: Bool?
    let ignoresMerges: Bool?

    enum CodingKeys: String, CodingKey {
      case type, merges, dropout
      case vocabulary = "vocab"
      case unknownToken = "unk_token"
      case wordPrefix = "continuing_subword_prefix"
      case wordSuffix = "end_of_word_suffix"
      case byteFallback = "byte_fallback"
      case ignoresMerges = "ignore_merges"
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      // Old files do not say the type; what has merges is byte-pair encoding.
      let type = try container.decodeIfPresent(String.self, forKey: .type) ?? "BPE"
      guard type == "BPE", container.contains(.merges) else {
        throw ImportFailure.unsupported("the tokenizer is of type \(type); byte-level BPE is the only one that can be used")
      }
      vocabulary = try container.decode([String: Int].self, forKey: .vocabulary)
      merges = try container.decode([Merge].self, forKey: .merges)
      dropout = try container.decodeIfPresent(Double.self, forKey: .dropout)
      unknownToken = try container.decodeIfPresent(String.self, forKey: .unknownToken)
      wordPrefix = try container.decodeIfPresent(String.self, forKey: .wordPrefix)
      wordSuffix = try container.decodeIfPresent(String.self, forKey: .wordSuffix)
      byteFallback = try container.decodeIfPresent(Bool.self, forKey: .byteFallback)
      ignoresMerges = try container.decodeIfPresent(Bool.self, forKey: .ignoresMerges)
    }
  }

  /// Two tokens that become one, written as a pair or, in older files, as one text with a space between them.
  struct Merge: Decodable {
    let left: String
    let right: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      let parts =
        if let text = try? container.decode(String.self) {
          text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        } else {
          try container.decode([String].self)
        }
      guard parts.count == 2 else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "a merge is of two tokens") }
      (left, right) = (parts[0], parts[1])
    }
  }

  /// A token that is looked for in the text before anything else.
  struct AddedToken: Decodable {
    let id: Int
    let content: String
    let isSpecial: Bool
    let isNormalized: Bool
    let isSingleWord: Bool
    let stripsLeft: Bool
    let stripsRight: Bool

    enum CodingKeys: String, CodingKey {
      case id, content
      case isSpecial = "special"
      case isNormalized = "normalized"
      case isSingleWord = "single_word"
      case stripsLeft = "lstrip"
      case stripsRight = "rstrip"
    }
  }

  /// A normalizer, pre-tokenizer, post-processor or decoder. Each type uses some of the members.
  struct Component: Decodable {
    let type: String
    let addsPrefixSpace: Bool?
    let usesRegex: Bool?
    let pattern: Pattern?
    let behavior: String?
    let inverts: Bool?
    let single: [TemplatePiece]?
    let specialTokens: [String: SpecialToken]?
    private let normalizers: [Component]?
    private let preTokenizers: [Component]?
    private let processors: [Component]?
    private let decoders: [Component]?

    enum CodingKeys: String, CodingKey {
      case type, pattern, behavior, single, normalizers, processors, decoders
      case addsPrefixSpace = "add_prefix_space"
      case usesRegex = "use_regex"
      case inverts = "invert"
      case specialTokens = "special_tokens"
      case preTokenizers = "pretokenizers"
    }

    /// The components of a sequence, or the component itself.
    var steps: [Component] {
      guard type == "Sequence" else { return [self] }
      return (normalizers ?? preTokenizers ?? processors ?? decoders ?? []).flatMap(\.steps)
    }
  }

  struct Pattern: Decodable {
    let regex: String?

    enum CodingKeys: String, CodingKey {
      case regex = "Regex"
    }
  }

  /// A piece of a template: a special token, or one of the texts A and B.
  struct TemplatePiece: Decodable {
    let specialToken: Name?
    let sequence: Name?

    enum CodingKeys: String, CodingKey {
      case specialToken = "SpecialToken"
      case sequence = "Sequence"
    }

    struct Name: Decodable {
      let id: String
    }
  }

  struct SpecialToken: Decodable {
    let ids: [Int]
  }
}

/// The parts of a `tokenizer_config.json` that name the tokens which begin and end a text.
struct TokenizerConfiguration: Decodable {
  let beginning: Token?
  let end: Token?

  enum CodingKeys: String, CodingKey {
    case beginning = "bos_token"
    case end = "eos_token"
  }

  /// A token's text, alone or among the token's properties.
  struct Token: Decodable {
    let content: String

    enum CodingKeys: CodingKey {
      case content
    }

    init(from decoder: any Decoder) throws {
      content =
        if let text = try? decoder.singleValueContainer().decode(String.self) {
          text
        } else {
          try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .content)
        }
    }
  }
}
