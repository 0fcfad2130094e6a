import CQuell
import QuellImport

/// Why a call failed: its status, and one line of text.
struct Refusal: Error {
  let status: quell_status
  let message: String

  init(_ status: Int, _ message: String) {
    self.status = quell_status(status)
    self.message = message
  }

  init(_ failure: ImportFailure) {
    let status =
      switch failure.kind {
      case .unreadable: QUELL_FILE_UNREADABLE
      case .unwritable: QUELL_FILE_UNWRITABLE
      case .malformed: QUELL_MALFORMED
      case .unsupported: QUELL_UNSUPPORTED
      case .cancelled: QUELL_CANCELLED
      }
    self.init(status, failure.message)
  }
}

/// Runs the body of a C function: a refusal becomes a status, and its words go to the caller's error.
func report(to error: UnsafeMutablePointer<quell_error>?, _ body: () throws(Refusal) -> Void) -> quell_status {
  do throws(Refusal) {
    try body()
    return quell_status(QUELL_OK)
  } catch let refusal {
    error?.pointee.describe(refusal)
    return refusal.status
  }
}

extension quell_error {
  /// Fills in all but the size, where the size says that the caller's structure has room for it.
  fileprivate mutating func describe(_ refusal: Refusal) {
    guard struct_size == UInt32(MemoryLayout<quell_error>.size) else { return }
    code = refusal.status
    byte_offset = UInt64.max
    withUnsafeMutableBytes(of: &self) { bytes in
      let start = quell_error_message_offset
      let text = refusal.message.fitting(bytes.count - start - 1)
      UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyBytes(from: text)
      bytes[start + text.count] = 0
    }
  }
}

extension String {
  /// As much of the text as fits into so many bytes of UTF-8, no character cut.
  fileprivate func fitting(_ count: Int) -> [UInt8] {
    var result: [UInt8] = []
    for character in self {
      guard result.count + character.utf8.count <= count else { break }
      result += Array(character.utf8)
    }
    return result
  }
}
