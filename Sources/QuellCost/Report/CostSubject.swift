import Quell

/// What is priced: a program, and what it did on a text or is taken to do.
public struct CostSubject: Sendable {
  /// The model's or the shape's name.
  public var name: String
  /// Tells models apart; nil for a shape.
  public var fingerprint: String?
  /// Where the thresholds or sparsities are from, for people.
  public var thresholds: String
  /// The program.
  public var outline: ProgramOutline
  /// What it did.
  public var activity: ProgramActivity
  /// What the sites did.
  public var sparse: [SiteActivity]
  /// What they would do if only exact zeros were quiet; nil where it is not asked for.
  public var natural: [SiteActivity]?

  /// What is to be priced.
  public init(
    name: String, fingerprint: String?, thresholds: String, outline: ProgramOutline, activity: ProgramActivity,
    sparse: [SiteActivity], natural: [SiteActivity]?
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.thresholds = thresholds
    self.outline = outline
    self.activity = activity
    self.sparse = sparse
    self.natural = natural
  }

  /// What they would do if every input fired, in groups of a size.
  func dense(group: Int) -> [SiteActivity] {
    zip(outline.sites, sparse).map { .dense(inputs: $0.inputs, visits: $1.visits, group: group) }
  }
}

/// With which inputs quiet something is priced.
public enum CostCase: String, CaseIterable, Sendable {
  /// Those that thresholds and zeros make quiet.
  case sparse
  /// Those alone that are exactly zero.
  case natural
  /// None.
  case dense
}
