import CQuell

/// An opened model: views into its file, and the small tables made from it, all in one block of memory.
///
/// Immutable once opened, and so shared by any number of sessions and threads.
struct ModelStorage {
  /// What ``mark`` is until the model's handle is closed.
  static let openMark: UInt64 = 0x4c44_4d51_6e65_704f

  /// The first word of the record, by which a call tells a handle that it may use from others.
  var mark = ModelStorage.openMark
  /// The file's bytes. Weights, names and the tokenizer's texts are used where they stand.
  let bytes: UnsafeRawBufferPointer
  let vocabularySize: Int
  /// The greatest number of positions, 0 where nothing limits it.
  let contextLength: Int
  let stateSize: Int
  let scratchSize: Int
  /// The index of the value that holds the logits.
  let logits: Int
  let name: UnsafeRawBufferPointer
  let tensors: UnsafeMutableBufferPointer<Tensor>
  let values: UnsafeMutableBufferPointer<Value>
  let caches: UnsafeMutableBufferPointer<Cache>
  let operations: UnsafeMutableBufferPointer<Operation>
  let sites: UnsafeMutableBufferPointer<Site>
  /// What a fresh state holds where it is not zero.
  let stateFill: WordArray
  /// Absent where the file carries none.
  let tokenizer: Tokenizer?
  /// Tells the saved states of different models apart.
  private(set) var fingerprint: UInt64 = 0
  /// How the bytes are released when the model is.
  var isMapped = false
  /// Memory that holds the bytes, where the model itself got it from the platform.
  var ownedBytes: UnsafeMutableRawPointer?
  /// Whether the tables are in a block that was got from the platform, to be given back.
  var ownsBlock = false
  /// Sessions and handles that keep the model.
  var owners: UInt32 = 1

  /// The longest input of a linear operation.
  var longestInput: Int {
    var longest = 0
    for site in sites { longest = max(longest, site.inputs) }
    return longest
  }

  /// The longest result of a linear operation whose matrix has a row for each input.
  var longestOutput: Int {
    var longest = 0
    for operation in operations {
      if case .linear(_, .inputMajor, _, _, let result) = operation { longest = max(longest, values[result].count) }
    }
    return longest
  }

  /// Floats that the caches take for one position; `Int.max` where that is more than can be counted.
  var cacheWidth: Int {
    var width: UInt64 = 0
    for cache in caches { width += UInt64(cache.keyWidth) + UInt64(cache.valueWidth) }
    return Int(clamping: width)
  }

  /// Far more than any model's program has, and few enough for what takes the square of their number in time.
  static let maximumOperationCount = 1 << 14
  /// No operation reads more tensors than this.
  private static let tensorsPerOperation = 4

  /// Reads and verifies a model file; the tables are made in memory of the arena, the tokenizer's by `tokenizer`, or not at all where
  /// that is nil. Nil where the arena only counts, and where its memory does not suffice.
  static func open(
    _ bytes: UnsafeRawBufferPointer, tokenizer opener: quell_tokenizer_opener?, in arena: inout Arena
  ) throws(Failure) -> UnsafeMutablePointer<ModelStorage>? {
    let (file, tensorList) = try ModelFile.read(bytes)
    let values = try file.require(file.values, "quell.values")
    let caches = try file.require(file.caches, "quell.caches")
    let operations = try file.require(file.operations, "quell.operations")
    let thresholds = try file.require(file.thresholds, "quell.thresholds")
    try verifyCounts(file, operations, thresholds)
    // All are taken before any is looked at: an arena that counts gives none of them.
    let storage = arena.take(1, of: ModelStorage.self)
    let tensorTable = arena.take(file.outline.tensorCount, of: Tensor.self)
    let valueTable = arena.take(values.count / 3, of: Value.self)
    let cacheTable = arena.take(caches.count / 3, of: Cache.self)
    let operationTable = arena.take(operations.count / Operation.wordCount, of: Operation.self)
    let siteTable = arena.take(thresholds.count, of: Site.self)
    var request = TokenizerRequest(
      keys: file.tokenizer, vocabularySize: try file.require(file.vocabularySize, "quell.vocabulary_size"), arena: arena)
    if let opener { withUnsafeMutablePointer(to: &request) { opener(UnsafeMutableRawPointer($0)) } }
    if let failure = request.failure { throw failure }
    arena = request.arena
    // A tokenizer that had no room is not to be taken for none.
    guard !arena.isShort, let storage, let tensorTable, let valueTable, let cacheTable, let operationTable, let siteTable else {
      return nil
    }
    try readTensors(file, tensorList, into: tensorTable)
    try readSites(file, thresholds, into: siteTable)
    // Where operations will be is room for what finds names; verifyCounts() has seen to it that it suffices.
    let room = UnsafeMutableRawBufferPointer(operationTable)
    try NamedList.tensors(tensorTable).verifyNames(of: bytes, in: room)
    try NamedList.sites(siteTable).verifyNames(of: bytes, in: room)
    room.bindMemory(to: Operation.self)
    try readValues(values, into: valueTable)
    for index in 0..<cacheTable.count {
      cacheTable.initializeElement(
        at: index,
        to: Cache(
          keyWidth: Int(clamping: caches[3 * index]), valueWidth: Int(clamping: caches[3 * index + 1]),
          heads: Int(clamping: caches[3 * index + 2])))
    }
    try readOperations(operations, into: operationTable)
    let model = storage.baseAddress!
    model.initialize(
      to: ModelStorage(
        bytes: bytes, vocabularySize: try file.require(file.vocabularySize, "quell.vocabulary_size"),
        contextLength: try file.require(file.contextLength, "quell.context_length"),
        stateSize: try file.require(file.stateSize, "quell.state_size"),
        scratchSize: try file.require(file.scratchSize, "quell.scratch_size"), logits: try file.require(file.logits, "quell.logits"),
        name: file.name ?? UnsafeRawBufferPointer(start: nil, count: 0), tensors: tensorTable, values: valueTable, caches: cacheTable,
        operations: operationTable, sites: siteTable, stateFill: try file.require(file.stateFill, "quell.state_fill"),
        tokenizer: request.tokenizer))
    guard model.pointee.vocabularySize > 0 else { throw Failure(QUELL_MALFORMED, "quell.vocabulary_size is zero") }
    try Verifier.verify(model, values: values, caches: caches, operations: operations)
    try model.pointee.verifyStateFill()
    model.pointee.fingerprint = model.pointee.makeFingerprint(operations, values)
    return model
  }

  // MARK: Tables

  /// Refuses numbers of things that do not go together, before there is memory for tables of them: no file is to ask for more than
  /// twice its size.
  private static func verifyCounts(_ file: ModelFile, _ operations: WordArray, _ thresholds: WordArray) throws(Failure) {
    let names = try file.require(file.siteNames, "quell.sites")
    let kinds = try file.require(file.siteKinds, "quell.site_kinds")
    guard names.count == thresholds.count, kinds.count == thresholds.count else {
      throw Failure(QUELL_MALFORMED, "quell.sites, quell.site_kinds and quell.thresholds differ in length").at(names.offset)
    }
    let count = operations.count / Operation.wordCount
    guard count > 0 else { throw Failure(QUELL_MALFORMED, "the program has no operations").at(operations.offset) }
    guard count <= maximumOperationCount else {
      throw Failure(QUELL_UNSUPPORTED, "the program has ").then(count).then(" operations; 16384 are the most that can be used")
        .at(operations.offset)
    }
    // A site takes one operation for its events and one that reads them.
    guard thresholds.count <= count / 2 else {
      throw Failure(QUELL_MALFORMED, "there are more sites than ").then(count).then(" operations can feed").at(names.offset)
    }
    guard file.outline.tensorCount <= tensorsPerOperation * count else {
      throw Failure(QUELL_MALFORMED, "there are more tensors than ").then(count).then(" operations can read").at(operations.offset)
    }
  }

  private static func readTensors(
    _ file: ModelFile, _ list: ByteReader, into table: UnsafeMutableBufferPointer<Tensor>
  ) throws(Failure) {
    let outline = file.outline
    // The data begins at the first multiple of the alignment after the list, which is read once to find its end.
    var scout = list
    try outline.forEachTensor(&scout) { (_, _) throws(Failure) in }
    let dataStart = aligned(scout.offset)
    var end = dataStart
    var reader = list
    var ternary = 0
    try outline.forEachTensor(&reader) { (index, entry) throws(Failure) in
      var isTernary = false
      if let tensors = file.ternary, ternary < tensors.count, tensors[ternary] == UInt32(truncatingIfNeeded: index) {
        isTernary = true
        ternary += 1
      }
      let tensor = try Tensor(entry, isTernary: isTernary, of: outline.bytes, dataStart: dataStart)
      let start = tensor.data - outline.bytes.baseAddress!
      guard start >= end else {
        throw Failure(QUELL_MALFORMED, "tensor '").then(entry.name).then("' begins before the tensor before it ends").at(entry.offset)
      }
      end = start + tensor.byteCount
      table.initializeElement(at: index, to: tensor)
    }
    if let tensors = file.ternary, ternary < tensors.count {
      throw Failure(QUELL_MALFORMED, "quell.ternary does not name tensors of the file in rising order").at(tensors.offset + 4 * ternary)
    }
    guard outline.bytes.count <= aligned(end) else {
      throw Failure(QUELL_MALFORMED, "the file goes on after its last tensor; are two files joined?").at(end)
    }
  }

  private static func aligned(_ offset: Int) -> Int { (offset + ModelFile.alignment - 1) & ~(ModelFile.alignment - 1) }

  private static func readValues(_ words: WordArray, into table: UnsafeMutableBufferPointer<Value>) throws(Failure) {
    for index in 0..<table.count {
      guard let storage = Value.Storage(rawValue: words[3 * index]) else {
        throw Failure(QUELL_MALFORMED, "value ").then(index).then(" of the program has an unknown storage").at(words.offset + 12 * index)
      }
      table.initializeElement(
        at: index,
        to: Value(storage: storage, offset: Int(clamping: words[3 * index + 1]), count: Int(clamping: words[3 * index + 2])))
    }
  }

  private static func readOperations(_ words: WordArray, into table: UnsafeMutableBufferPointer<Operation>) throws(Failure) {
    for index in 0..<table.count {
      let first = Operation.wordCount * index
      guard let operation = Operation(decoding: { words[first + $0] }) else {
        throw Failure(QUELL_UNSUPPORTED, "operation ").then(index).then(" of the program is unknown: the file may need a newer Quell")
          .at(words.offset + 4 * first)
      }
      table.initializeElement(at: index, to: operation)
    }
  }

  private static func readSites(
    _ file: ModelFile, _ thresholds: WordArray, into table: UnsafeMutableBufferPointer<Site>
  ) throws(Failure) {
    let allNames = try file.require(file.siteNames, "quell.sites")
    let allKinds = try file.require(file.siteKinds, "quell.site_kinds")
    var names = allNames.makeIterator()
    var kinds = allKinds.makeIterator()
    var index = 0
    while let name = names.next(), let kind = kinds.next() {
      let threshold = Float(bitPattern: thresholds[index])
      guard isThreshold(threshold) else {
        throw Failure(QUELL_MALFORMED, "the threshold of site '").then(name).then("' is not a finite number of at least 0")
          .at(thresholds.offset + 4 * index)
      }
      table.initializeElement(at: index, to: Site(name: name, kind: kind, threshold: threshold))
      index += 1
    }
  }

  /// Whether a number can be a threshold: a magnitude.
  static func isThreshold(_ number: Float) -> Bool { number.isFinite && number.sign == .plus }

  private func verifyStateFill() throws(Failure) {
    var end = 0
    for run in 0..<stateFill.count / 3 {
      let (first, count) = (Int(clamping: stateFill[3 * run]), Int(clamping: stateFill[3 * run + 1]))
      guard count <= stateSize - first else {
        throw Failure(QUELL_MALFORMED, "quell.state_fill reaches out of the state").at(stateFill.offset + 12 * run)
      }
      // Filling the state again and again could take any time.
      guard first >= end else {
        throw Failure(QUELL_MALFORMED, "quell.state_fill goes back within the state").at(stateFill.offset + 12 * run)
      }
      end = first + count
    }
  }

  /// A hash of what decides the meaning of a state: the program and its vectors, not the weights.
  private func makeFingerprint(_ operations: WordArray, _ values: WordArray) -> UInt64 {
    var hash = FNVHash()
    for index in 0..<operations.count { hash.combine(operations[index]) }
    for index in 0..<values.count { hash.combine(values[index]) }
    hash.combine(UInt32(truncatingIfNeeded: vocabularySize))
    return hash.value
  }
}
