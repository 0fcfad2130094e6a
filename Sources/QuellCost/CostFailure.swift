import QuellJSON

/// Why a cost cannot be told.
public struct CostFailure: Error, CustomStringConvertible, Equatable {
  /// What kind of thing went wrong.
  public enum Kind: Sendable {
    /// A profile or a file of sparsities is not what it should be.
    case malformed
    /// What is asked for cannot be priced.
    case unsupported
  }

  /// What kind of thing it was.
  public let kind: Kind
  /// What, where, and what to do.
  public let description: String

  init(kind: Kind, description: String) {
    self.kind = kind
    self.description = description.printable
  }

  static func malformed(_ description: String) -> CostFailure { CostFailure(kind: .malformed, description: description) }
  static func unsupported(_ description: String) -> CostFailure { CostFailure(kind: .unsupported, description: description) }
}
