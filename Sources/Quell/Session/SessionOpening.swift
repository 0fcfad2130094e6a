import CQuell

extension SessionStorage {
  /// Bytes of memory that a session takes.
  static func requiredBytes(_ model: UnsafeMutablePointer<ModelStorage>, _ options: SessionOptions) throws(Failure) -> Int {
    var counter = Arena()
    _ = try make(model, options, in: &counter)
    return try counter.requiredBytes()
  }

  /// A session in the caller's memory, whose address is a multiple of 64. It shares the model until it is closed.
  static func open(
    _ model: UnsafeMutablePointer<ModelStorage>, _ options: SessionOptions, in memory: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> UnsafeMutablePointer<SessionStorage> {
    guard let base = memory.baseAddress, Int(bitPattern: base) % Arena.alignment == 0 else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the session's memory is null or its address not a multiple of 64")
    }
    var arena = Arena(memory)
    guard let session = try make(model, options, in: &arena) else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "the session's memory is too small; bytes needed: ")
        .then(try requiredBytes(model, options))
    }
    _ = quell_platform_increment(&model.pointee.owners)
    return session
  }

  /// A session in memory of its own.
  static func open(
    _ model: UnsafeMutablePointer<ModelStorage>, _ options: SessionOptions
  ) throws(Failure) -> UnsafeMutablePointer<SessionStorage> {
    let size = try requiredBytes(model, options)
    guard let block = quell_platform_allocate(size, Arena.alignment) else {
      throw Failure(QUELL_OUT_OF_MEMORY, "no memory for the session; ask for a shorter context. Bytes needed: ").then(size)
    }
    do throws(Failure) {
      let session = try open(model, options, in: UnsafeMutableRawBufferPointer(start: block, count: size))
      session.pointee.ownedBlock = block
      return session
    } catch {
      quell_platform_free(block)
      throw error
    }
  }

  /// Ends a session: it gives up its share of the model, and its memory where that is its own.
  static func close(_ session: UnsafeMutablePointer<SessionStorage>) {
    let (model, block) = (session.pointee.model, session.pointee.ownedBlock)
    quell_workers_end(session.pointee.workers)
    session.pointee.endCalibration()
    quell_platform_free(block)
    ModelStorage.release(model)
  }
}
