import CQuell

// MARK: Models from anywhere

/// Opens a model that a callback reads: from an archive, over a network, from a device. Its bytes are read once, front to back, into
/// memory that the model keeps; where the file can be mapped, or is in memory already, the other ways need no copy. A program that has
/// memory of its own for it reads the file itself, for ``quell_model_open_in(_:_:_:_:_:_:_:)``.
///
/// Ownership: the model is the caller's; close it with ``quell_model_close(_:)``. The callback is not called after this call.
/// Thread: any; the callback runs on the thread that called.
/// - Parameters:
///   - read: Reads bytes of the model file, at most 1 MiB at a time; see quell_read.
///   - user: Handed to `read` as it is.
///   - size: How many bytes the file has.
///   - model: Receives the model; null where the call fails.
///   - error: Receives the reason of a failure; may be null.
/// - Returns: `QUELL_OK`; `QUELL_CANCELLED` where the callback returned that; `QUELL_FILE_UNREADABLE` where it returned any other
///   number that is not 0; else as ``quell_model_open_memory(_:_:_:_:)``.
@c public func quell_model_open_reader(
  _ read: quell_read?, _ user: UnsafeMutableRawPointer?, _ size: UInt64,
  _ model: UnsafeMutablePointer<UnsafeMutablePointer<quell_model>?>?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  // A failure may name what is in the file, so the copy stays until it is told.
  var copy: UnsafeMutableRawPointer?
  defer { quell_platform_free(copy) }
  return report(to: error) { () throws(Failure) in
    let model = try require(model, "the place for the model")
    model.pointee = nil
    let read = try require(read, "the callback that reads")
    guard size > 0 else { throw Failure(QUELL_MALFORMED, "the file to be read is empty") }
    guard size <= UInt64(Int.max), let memory = quell_platform_allocate(Int(size), Arena.alignment) else {
      throw Failure(QUELL_OUT_OF_MEMORY, "no memory to read the model into, bytes: ").then(Int(clamping: size))
    }
    copy = memory
    let bytes = UnsafeMutableRawBufferPointer(start: memory, count: Int(size))
    try fill(bytes, by: read, user)
    let storage = try ModelStorage.open(UnsafeRawBufferPointer(bytes))
    storage.pointee.ownedBytes = memory
    copy = nil
    model.pointee = UnsafeMutableRawPointer(storage).assumingMemoryBound(to: quell_model.self)
  }
}

private func fill(
  _ bytes: UnsafeMutableRawBufferPointer, by read: quell_read, _ user: UnsafeMutableRawPointer?
) throws(Failure) {
  var offset = 0
  while offset < bytes.count {
    let count = min(bytes.count - offset, 1 << 20)
    let answer = read(UInt64(offset), bytes.baseAddress! + offset, UInt64(count), user)
    guard answer == 0 else {
      let status = answer == QUELL_CANCELLED ? QUELL_CANCELLED : QUELL_FILE_UNREADABLE
      throw Failure(status, "the callback that reads the model answered ").then(Int(answer)).then(" instead of 0").at(offset)
    }
    offset += count
  }
}
