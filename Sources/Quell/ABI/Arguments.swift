import CQuell

// A handle is the address of a model's record, or of a session's head. Both begin with a mark, which closing takes away; a session's
// differs from a model's. Memory that was given back may hold anything, so that this finds most mistakes and not all.

/// The model behind a handle that must be open.
func storage(_ model: UnsafePointer<quell_model>?) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
  guard let storage = storageOrNil(try require(model, "the model")) else {
    throw Failure(QUELL_INVALID_ARGUMENT, "the handle is of no model that is open")
  }
  return storage
}

/// The session behind a handle that must be open.
func storage(_ session: UnsafePointer<quell_session>?) throws(Failure) -> UnsafeMutablePointer<SessionStorage> {
  guard let storage = storageOrNil(try require(session, "the session")) else {
    throw Failure(QUELL_INVALID_ARGUMENT, "the handle is of no session that is open")
  }
  return storage
}

/// The open model behind a handle, for calls that answer all others with nothing.
func storageOrNil(_ model: UnsafePointer<quell_model>?) -> UnsafeMutablePointer<ModelStorage>? {
  guard let model else { return nil }
  let storage = UnsafeMutableRawPointer(mutating: model).assumingMemoryBound(to: ModelStorage.self)
  return storage.pointee.mark == ModelStorage.openMark ? storage : nil
}

/// The open session behind a handle, for calls that answer all others with nothing.
func storageOrNil(_ session: UnsafePointer<quell_session>?) -> UnsafeMutablePointer<SessionStorage>? {
  guard let session else { return nil }
  let head = head(session)
  return head.pointee.isOpen ? head.pointee.storage : nil
}

/// What a session's handle points to.
func head(_ session: UnsafePointer<quell_session>) -> UnsafeMutablePointer<SessionHead> {
  UnsafeMutableRawPointer(mutating: session).assumingMemoryBound(to: SessionHead.self)
}

/// A pointer that must not be null.
func require<Pointer>(_ pointer: Pointer?, _ what: StaticString) throws(Failure) -> Pointer {
  guard let pointer else { throw Failure(QUELL_INVALID_ARGUMENT, what).then(" is null") }
  return pointer
}

/// The elements at a pointer, which may be null where there are none.
func elements<Element>(
  _ start: UnsafePointer<Element>?, _ count: UInt64, _ what: StaticString
) throws(Failure) -> UnsafeBufferPointer<Element> {
  let count = try size(count, of: Element.self, what)
  return UnsafeBufferPointer(start: count == 0 ? start : try require(start, what), count: count)
}

/// Room for elements at a pointer, which may be null where there is none.
func room<Element>(
  _ start: UnsafeMutablePointer<Element>?, _ count: UInt64, _ what: StaticString
) throws(Failure) -> UnsafeMutableBufferPointer<Element> {
  let count = try size(count, of: Element.self, what)
  return UnsafeMutableBufferPointer(start: count == 0 ? start : try require(start, what), count: count)
}

/// A number of elements that this machine can address.
private func size<Element>(_ count: UInt64, of element: Element.Type, _ what: StaticString) throws(Failure) -> Int {
  guard count <= UInt64(Int.max / MemoryLayout<Element>.stride) else {
    throw Failure(QUELL_INVALID_ARGUMENT, what).then(" would be larger than all memory; is its size negative?")
  }
  return Int(count)
}

/// Hands bytes to the caller by the two-call protocol, as text ended by a zero byte that `size` does not count.
func copyText(
  _ bytes: UnsafeRawBufferPointer, _ text: UnsafeMutablePointer<CChar>?, _ capacity: UInt64, _ size: UnsafeMutablePointer<UInt64>?
) throws(Failure) {
  let room = try room(text, capacity, "the buffer for the text")
  size?.pointee = UInt64(bytes.count)
  guard room.count > bytes.count else {
    throw Failure(QUELL_BUFFER_TOO_SMALL, "the buffer for the text is too small; bytes needed, with the zero at the end: ")
      .then(bytes.count + 1)
  }
  for index in 0..<bytes.count { room[index] = CChar(bitPattern: bytes[index]) }
  room[bytes.count] = 0
}
