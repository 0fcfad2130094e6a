import CQuell

/// Runs the body of a C function: a failure becomes a status, and its words go to the caller's error.
@inline(__always)
func report(to error: UnsafeMutablePointer<quell_error>?, _ body: () throws(Failure) -> Void) -> quell_status {
  do throws(Failure) {
    try body()
    return quell_status(QUELL_OK)
  } catch let failure {
    error?.pointee.describe(failure)
    return failure.status
  }
}

extension quell_error {
  /// Fills in all but the size, where the size says that the caller's structure has room for it.
  fileprivate mutating func describe(_ failure: Failure) {
    guard struct_size == UInt32(MemoryLayout<quell_error>.size) else { return }
    code = failure.status
    byte_offset = failure.byteOffset ?? UInt64.max
    let message = failure.message
    withUnsafeMutableBytes(of: &self) { bytes in
      let text = quell_error_message_offset
      for index in 0..<message.count { bytes[text + index] = message[index] }
      bytes[text + message.count] = 0
    }
  }
}
