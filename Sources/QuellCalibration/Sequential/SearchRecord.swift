/// What a sequential search has found so far: enough to go on with it later.
public struct SearchRecord: Codable, Equatable, Sendable {
  /// What became of a site.
  public struct Choice: Codable, Equatable, Sendable {
    /// The site's name.
    public let site: String
    /// The fraction of its inputs that was to be kept, 1 where the search ended before it came to the site.
    public let density: Double
    /// The threshold.
    public let theta: Float
    /// The loss with it, in nats for each token.
    public let loss: Double
  }

  /// A density that has been tried at the site that the search is at.
  public struct Trial: Codable, Equatable, Sendable {
    /// The fraction kept.
    public let density: Double
    /// The loss with it.
    public let loss: Double
  }

  /// Tells models apart.
  public let model: UInt64
  /// Tells calibration texts apart.
  public let text: UInt64
  /// The greatest increase of the loss that a site may cause, as a factor.
  public let lossIncrease: Double
  /// The loss of the dense model, nil until it is known.
  public internal(set) var denseLoss: Double?
  /// How many losses have been measured.
  public internal(set) var evaluations = 0
  /// The sites that are done, in the order of the search.
  public internal(set) var choices: [Choice] = []
  /// What has been tried at the next one.
  public internal(set) var trials: [Trial] = []
}
