import CQuell

extension ModelStorage {
  /// Opens a model over bytes that stay where they are until it is released.
  static func open(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
    let required = try requiredBytes(bytes, tokenizer: quell_open_tokenizer)
    guard let block = quell_platform_allocate(required, Arena.alignment) else {
      throw Failure(QUELL_OUT_OF_MEMORY, "no memory for the model's tables, bytes: ").then(required)
    }
    do throws(Failure) {
      let model = try open(
        bytes, tokenizer: quell_open_tokenizer, in: UnsafeMutableRawBufferPointer(start: block, count: required))
      model.pointee.ownsBlock = true
      return model
    } catch {
      quell_platform_free(block)
      throw error
    }
  }

  /// Bytes of memory that a model's tables take, with its tokenizer's where one is to be opened.
  static func requiredBytes(_ bytes: UnsafeRawBufferPointer, tokenizer: quell_tokenizer_opener?) throws(Failure) -> Int {
    var counter = Arena()
    _ = try open(bytes, tokenizer: tokenizer, in: &counter)
    return try counter.requiredBytes()
  }

  /// Opens a model whose tables are in the caller's memory, the address of which is a multiple of 64.
  static func open(
    _ bytes: UnsafeRawBufferPointer, tokenizer: quell_tokenizer_opener?, in memory: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
    guard let base = memory.baseAddress, Int(bitPattern: base) % Arena.alignment == 0 else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the memory for the model's tables is null or its address not a multiple of 64")
    }
    var arena = Arena(memory)
    guard let model = try open(bytes, tokenizer: tokenizer, in: &arena) else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "the memory for the model's tables is too small; bytes needed: ")
        .then(try arena.requiredBytes())
    }
    return model
  }

  /// Maps a file and opens the model in it.
  ///
  /// A failure may name what is in the file, and so leaves it in `mapped` for the caller, who unmaps it once the failure is told.
  static func open(
    path: UnsafePointer<CChar>, mapped: inout UnsafeRawBufferPointer?
  ) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
    var size = 0
    var reason: Int32 = 0
    let name = UnsafeRawBufferPointer(start: path, count: length(of: path))
    guard let memory = quell_platform_map(path, &size, &reason) else {
      let failure = Failure(QUELL_FILE_UNREADABLE, "cannot open '").then(name).then("': ")
      guard reason != 0, let words = quell_platform_reason(reason) else { throw failure.then("it is not a regular file") }
      throw failure.then(UnsafeRawBufferPointer(start: words, count: length(of: words)))
    }
    mapped = UnsafeRawBufferPointer(start: memory, count: size)
    guard size > 0 else { throw Failure(QUELL_MALFORMED, "'").then(name).then("' is empty") }
    let model = try open(UnsafeRawBufferPointer(start: memory, count: size))
    model.pointee.isMapped = true
    mapped = nil
    return model
  }

  /// Unmaps what a failure left mapped.
  static func unmap(_ mapped: UnsafeRawBufferPointer?) {
    if let mapped { quell_platform_unmap(mapped.baseAddress, mapped.count) }
  }

  /// Gives up one owner's share; the last one releases the tables and a mapped file.
  static func release(_ model: UnsafeMutablePointer<ModelStorage>) {
    guard quell_platform_decrement(&model.pointee.owners) == 0 else { return }
    let (bytes, isMapped) = (model.pointee.bytes, model.pointee.isMapped)
    quell_platform_free(model.pointee.ownedBytes)
    if model.pointee.ownsBlock { quell_platform_free(model) }
    if isMapped { quell_platform_unmap(bytes.baseAddress, bytes.count) }
  }

  static func length(of text: UnsafePointer<CChar>) -> Int {
    var length = 0
    while text[length] != 0 { length += 1 }
    return length
  }
}
