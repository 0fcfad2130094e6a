import Quell
import QuellCost
import QuellImport

@testable import QuellTool

/// Whether work succeeds. Where it does not, that must be one of the project's failures: one line that says something, of the kind
/// that a file is to blame for.
func refusing(_ work: () throws -> Void) throws -> Bool {
  do {
    try work()
    return true
  } catch let violation as Violation {
    throw violation
  } catch let failure as CommandFailure {
    guard failure.status == .malformed || failure.status == .unsupported || failure.status == .failed else {
      throw Violation("a file is to blame, but the exit status is \(failure.status): \(failure.message)")
    }
    try requireOneLine(failure.message)
  } catch let failure as ImportFailure {
    guard failure.kind != .unwritable, failure.kind != .cancelled else { throw Violation("of kind \(failure.kind): \(failure.message)") }
    try requireOneLine(failure.message)
  } catch let failure as CostFailure {
    try requireOneLine(failure.description)
  } catch let failure as Failure {
    try requireOneLine(failure.description)
  } catch {
    throw Violation("a failure that is none of the project's: \(error)")
  }
  return false
}

/// No line breaks, nothing that steers a terminal.
private func requireOneLine(_ message: String) throws {
  guard !message.isEmpty else { throw Violation("a failure that says nothing") }
  for scalar in message.unicodeScalars where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) {
    throw Violation("U+\(String(scalar.value, radix: 16)) in the message \(message.debugDescription)")
  }
}
