import QuellJSON

/// Why a file could not be imported, in one line of text.
///
/// The text names the file, node or tensor, says what was expected and, where that helps, how to export instead.
public struct ImportFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The family of a failure.
  public enum Kind: Sendable {
    /// A file could not be opened, read or mapped.
    case unreadable
    /// The bytes are not what they claim to be.
    case malformed
    /// The file is well formed but holds something that this version cannot express.
    case unsupported
    /// The result could not be written.
    case unwritable
    /// The caller asked to stop.
    case cancelled
  }

  /// The family.
  public let kind: Kind
  /// One line: what, where, what to do.
  public let message: String

  /// A failure of a family, with its line of text. Names from a file may stand in it as they are.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message.printable
  }

  /// The line of text.
  public var description: String { message }
}

extension ImportFailure {
  static func unreadable(_ message: String) -> ImportFailure { ImportFailure(.unreadable, message) }
  static func malformed(_ message: String) -> ImportFailure { ImportFailure(.malformed, message) }
  static func unsupported(_ message: String) -> ImportFailure { ImportFailure(.unsupported, message) }
  static let cancelled = ImportFailure(.cancelled, "The import was cancelled.")
  static func unwritable(_ message: String) -> ImportFailure { ImportFailure(.unwritable, message) }
}
