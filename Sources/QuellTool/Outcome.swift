import ArgumentParser
import CQuell
import Foundation
import Quell
import QuellCalibration
import QuellCost
import QuellImport
import QuellJSON

/// The exit statuses of the command, documented in the README.
enum ExitStatus: Int32 {
  case success = 0
  case failed = 1
  case usage = 2
  case malformed = 3
  case unsupported = 4
  /// As a shell reports a process that SIGINT ended.
  case interrupted = 130
  /// As a shell reports a process that SIGTERM ended.
  case terminated = 143

  /// The status of work that was asked to end.
  static var ofInterruption: ExitStatus { Interruption.isTermination ? .terminated : .interrupted }
}

/// A failure of the command itself.
struct CommandFailure: Error {
  let status: ExitStatus
  let message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message.printable
  }
}

/// How the command ends: its status and its last words.
struct Outcome {
  let status: ExitStatus
  private let message: String?

  /// What an error means for the status and for a reader.
  init(of error: any Error) {
    switch error {
    case let failure as CommandFailure: self.init(failure.status, failure.message)
    case let failure as CompensationFailure: self.init(.failed, failure.description)
    case let failure as Failure: self.init(ExitStatus(failure.status), failure.description)
    case let failure as CostFailure: self.init(ExitStatus(failure.kind), failure.description)
    case is Interruption, is CalibrationStop: self.init(.ofInterruption, nil)
    case is ClosedOutput: self.init(.failed, nil)
    default: self.init(ofParsing: error)
    }
  }

  private init(_ status: ExitStatus, _ message: String?) {
    self.status = status
    self.message = message
  }

  private init(ofParsing error: any Error) {
    let text = QuellCommand.fullMessage(for: error)
    guard QuellCommand.exitCode(for: error).isSuccess else {
      self.init(.usage, text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text)
      return
    }
    // A request for help or for the version is a result.
    do {
      try StandardOutput.write(HelpExamples.appended(to: text) + "\n")
      self.init(.success, nil)
    } catch {
      self.init(of: error)
    }
  }

  /// Ends the process.
  func exit() -> Never {
    if let message { StandardError.write("quell: \(message)\n") }
    Foundation.exit(status.rawValue)
  }
}

extension ExitStatus {
  /// The exit status for a status of the runtime.
  init(_ status: quell_status) {
    switch Int(status) {
    case QUELL_INVALID_ARGUMENT: self = .usage
    case QUELL_MALFORMED, QUELL_STATE_MISMATCH: self = .malformed
    case QUELL_UNSUPPORTED: self = .unsupported
    case QUELL_CANCELLED: self = .ofInterruption
    default: self = .failed
    }
  }

  /// The exit status for a kind of failure of the cost model.
  init(_ kind: CostFailure.Kind) {
    switch kind {
    case .malformed: self = .malformed
    case .unsupported: self = .unsupported
    }
  }

  /// The exit status for a kind of failure of the importer.
  init(_ kind: ImportFailure.Kind) {
    switch kind {
    case .unreadable, .unwritable: self = .failed
    case .malformed: self = .malformed
    case .unsupported: self = .unsupported
    case .cancelled: self = .ofInterruption
    }
  }
}
