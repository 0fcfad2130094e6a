import Quell
import QuellCost
import QuellImport

/// Runs work on a file, and sees to it that a failure names it, or one of the other files that have a part in it.
func naming<Result>(_ path: String, _ others: String?..., work: () throws -> Result) throws -> Result {
  func named(_ message: String) -> String {
    ([path] + others).contains { $0.map(message.contains) ?? false } ? message : "\(path): \(message)"
  }
  do {
    return try work()
  } catch let failure as Failure {
    throw CommandFailure(ExitStatus(failure.status), named(failure.description))
  } catch let failure as CostFailure {
    throw CommandFailure(ExitStatus(failure.kind), named(failure.description))
  } catch let failure as ImportFailure {
    if failure.kind == .cancelled { throw Interruption() }
    throw CommandFailure(ExitStatus(failure.kind), named(failure.message))
  }
}
