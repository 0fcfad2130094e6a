import CQuell

/// A session's state as bytes: what it has of the tokens so far, to go on from another time or in another process.
///
/// Layout, little-endian: "QLST", version (u32), the model's fingerprint (u64), position (u64), bytes of what follows (u64), then
/// the recurrent state, then the used rows of each cache, keys before values, all f32, and at the end an FNV-1a hash (u64) of
/// everything before it.
extension SessionStorage {
  private static let stateMagic: UInt32 = 0x5453_4c51
  private static let stateVersion: UInt32 = 1
  private static let headerSize = 32
  private static let hashSize = 8

  /// Bytes that ``saveState(into:)`` writes at the present position.
  var savedStateSize: Int { SessionStorage.headerSize + payloadSize(position) + SessionStorage.hashSize }

  private func payloadSize(_ positions: Int) -> Int { 4 * (state.count + positions * model.pointee.cacheWidth) }

  /// Writes the state; the session goes on unchanged. Returns the number of bytes written.
  func saveState(into bytes: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    let size = savedStateSize
    guard bytes.count >= size else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "the buffer for the state is too small; bytes needed: ").then(size)
    }
    bytes.storeBytes(of: SessionStorage.stateMagic.littleEndian, toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: SessionStorage.stateVersion.littleEndian, toByteOffset: 4, as: UInt32.self)
    bytes.storeBytes(of: model.pointee.fingerprint.littleEndian, toByteOffset: 8, as: UInt64.self)
    bytes.storeBytes(of: UInt64(position).littleEndian, toByteOffset: 16, as: UInt64.self)
    bytes.storeBytes(of: UInt64(payloadSize(position)).littleEndian, toByteOffset: 24, as: UInt64.self)
    var at = SessionStorage.headerSize
    forEachStateRun(positions: position) { run in
      for number in run {
        bytes.storeBytes(of: number.bitPattern.littleEndian, toByteOffset: at, as: UInt32.self)
        at += 4
      }
    }
    let hash = SessionStorage.hash(UnsafeRawBufferPointer(rebasing: bytes[..<at]))
    bytes.storeBytes(of: hash.littleEndian, toByteOffset: at, as: UInt64.self)
    return size
  }

  /// Puts a saved state in the place of the present one. A failure leaves the session as it was.
  mutating func restoreState(from bytes: UnsafeRawBufferPointer) throws(Failure) {
    guard bytes.count >= SessionStorage.headerSize + SessionStorage.hashSize,
      UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == SessionStorage.stateMagic
    else { throw Failure(QUELL_STATE_MISMATCH, "not a saved state: it does not begin with the letters QLST") }
    guard UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) == SessionStorage.stateVersion else {
      throw Failure(QUELL_UNSUPPORTED, "the saved state is of another version of Quell").at(4)
    }
    func number(at offset: Int) -> UInt64 { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    guard number(at: 8) == model.pointee.fingerprint else {
      throw Failure(QUELL_STATE_MISMATCH, "the saved state belongs to another model").at(8)
    }
    let savedPosition = number(at: 16)
    guard savedPosition <= UInt64(capacity) else {
      throw Failure(QUELL_CONTEXT_FULL, "the saved state has more positions than this session has room for").at(16)
    }
    let end = bytes.count - SessionStorage.hashSize
    // Any position fits a model without caches; with them the capacity bounds the product.
    guard number(at: 24) == UInt64(payloadSize(Int(savedPosition))), end - SessionStorage.headerSize == payloadSize(Int(savedPosition))
    else { throw Failure(QUELL_STATE_MISMATCH, "the saved state is truncated or has bytes too many").at(24) }
    guard number(at: end) == SessionStorage.hash(UnsafeRawBufferPointer(rebasing: bytes[..<end])) else {
      throw Failure(QUELL_STATE_MISMATCH, "the saved state is damaged: its hash differs").at(end)
    }
    position = Int(savedPosition)
    var at = SessionStorage.headerSize
    forEachStateRun(positions: position) { run in
      for index in 0..<run.count {
        run[index] = Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        at += 4
      }
    }
  }

  private func forEachStateRun(positions: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    body(state)
    for index in 0..<cacheOffsets.count {
      let cache = model.pointee.caches[index]
      let keys = caches.baseAddress! + cacheOffsets[index]
      body(UnsafeMutableBufferPointer(start: keys, count: positions * cache.keyWidth))
      body(UnsafeMutableBufferPointer(start: keys + capacity * cache.keyWidth, count: positions * cache.valueWidth))
    }
  }

  private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = FNVHash()
    for byte in bytes { hash.combine(byte) }
    return hash.value
  }
}
