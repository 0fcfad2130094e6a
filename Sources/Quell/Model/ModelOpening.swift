import CQuell

extension ModelStorage {
  /// Opens a model over bytes that stay where they are until it is released.
  static func open(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
    var counter = Arena()
    _ = try open(bytes, in: &counter)
    let required = try counter.requiredBytes()
    guard let block = quell_platform_allocate(required, Arena.alignment) else {
      throw Failure(QUELL_OUT_OF_MEMORY, "no memory for the model's tables, bytes: ").then(required)
    }
    do throws(Failure) {
      var arena = Arena(UnsafeMutableRawBufferPointer(start: block, count: required))
      guard let model = try open(bytes, in: &arena) else {
        throw Failure(QUELL_OUT_OF_MEMORY, "the model's tables do not fit: the file changed while it was opened")
      }
      return model
    } catch {
      quell_platform_free(block)
      throw error
    }
  }

  /// Maps a file and opens the model in it.
  static func open(path: UnsafePointer<CChar>) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
    var size = 0
    var reason: Int32 = 0
    let name = UnsafeRawBufferPointer(start: path, count: length(of: path))
    guard let memory = quell_platform_map(path, &size, &reason) else {
      let failure = Failure(QUELL_FILE_UNREADABLE, "cannot open '").then(name).then("': ")
      guard reason != 0, let words = quell_platform_reason(reason) else { throw failure.then("it is not a regular file") }
      throw failure.then(UnsafeRawBufferPointer(start: words, count: length(of: words)))
    }
    do throws(Failure) {
      guard size > 0 else { throw Failure(QUELL_MALFORMED, "'").then(name).then("' is empty") }
      let model = try open(UnsafeRawBufferPointer(start: memory, count: size))
      model.pointee.isMapped = true
      return model
    } catch {
      quell_platform_unmap(memory, size)
      throw error
    }
  }

  /// Gives up one owner's share; the last one releases the tables and a mapped file.
  static func release(_ model: UnsafeMutablePointer<ModelStorage>) {
    guard quell_platform_decrement(&model.pointee.owners) == 0 else { return }
    let (bytes, isMapped) = (model.pointee.bytes, model.pointee.isMapped)
    quell_platform_free(model.pointee.ownedBytes)
    quell_platform_free(model)
    if isMapped { quell_platform_unmap(bytes.baseAddress, bytes.count) }
  }

  static func length(of text: UnsafePointer<CChar>) -> Int {
    var length = 0
    while text[length] != 0 { length += 1 }
    return length
  }
}
