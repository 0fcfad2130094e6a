import Quell

/// Tokens, and the logits that another program gives after each of them, to hold a written model against.
public struct ReferenceLogits: Sendable {
  /// The tokens, from the first position on.
  public var tokens: [UInt32]
  /// The logits after each token, [token][vocabulary].
  public var logits: [Float]

  /// `logits` holds as many numbers for every token.
  public init(tokens: [UInt32], logits: [Float]) {
    self.tokens = tokens
    self.logits = logits
  }

  /// Reads a NumPy archive (`.npz`) with the arrays `tokens`, whole numbers [n], and `logits` or `logits_ref`,
  /// [n][vocabulary].
  ///
  /// - Throws: `ImportFailure` naming the file and the array.
  public init(archive path: String) throws(ImportFailure) {
    let archive = try NumPyArchive(path: path)
    guard let tokens = try archive.array("tokens") else { throw .malformed("\(path) holds no array \"tokens\".") }
    var found = try archive.array("logits")
    if found == nil { found = try archive.array("logits_ref") }
    guard let logits = found else { throw .malformed("\(path) holds no array \"logits\" and none called \"logits_ref\".") }
    let ids = tokens.numbers.compactMap { UInt32(exactly: $0) }
    guard tokens.shape.count == 1, ids.count == tokens.numbers.count, !ids.isEmpty else {
      throw .malformed("The array \"tokens\" of \(path) is no list of tokens.")
    }
    guard logits.shape.count == 2, logits.shape[0] == ids.count else {
      throw .malformed("The array of logits of \(path) has shape \(logits.shape); \(ids.count) rows, one for each token, are needed.")
    }
    self.init(tokens: ids, logits: logits.numbers.map { Float($0) })
  }
}

/// How far the logits of a written model are from their reference.
public struct ReferenceAgreement: Sendable, Equatable {
  /// How many tokens were run.
  public var tokens: Int
  /// The greatest distance of any logit.
  public var largestError: Float
  /// The Euclidean length of all differences over that of all reference logits.
  public var relativeError: Double
  /// After how many tokens the greatest logit is the reference's.
  public var sameArgMax: Int
}
