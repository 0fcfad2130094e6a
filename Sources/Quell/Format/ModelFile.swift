import CQuell

/// What the keys of a model file say, found and checked for their types, not yet understood. docs/FORMAT.md defines them.
struct ModelFile {
  /// The alignment of tensor data, the only one in use.
  static let alignment = 64
  static let version = 1

  let outline: GGUF
  private(set) var vocabularySize: Int?
  private(set) var contextLength: Int?
  private(set) var stateSize: Int?
  private(set) var scratchSize: Int?
  private(set) var logits: Int?
  private(set) var stateFill: WordArray?
  private(set) var values: WordArray?
  private(set) var caches: WordArray?
  private(set) var operations: WordArray?
  private(set) var thresholds: WordArray?
  /// The tensors whose bytes hold ternary numbers, in rising order; absent is none.
  private(set) var ternary: WordArray?
  private(set) var siteNames: StringArray?
  private(set) var siteKinds: StringArray?
  private(set) var name: UnsafeRawBufferPointer?
  private(set) var tokenizer = TokenizerKeys()
  private var architecture: UnsafeRawBufferPointer?
  private var formatVersion: Int?
  private var fileAlignment: Int?

  /// Reads the keys; the reader that comes back stands at the list of tensors.
  static func read(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> (file: ModelFile, tensors: ByteReader) {
    var file = ModelFile(outline: try GGUF(bytes))
    let reader = try file.outline.forEachKey { (key, value) throws(Failure) in try file.take(key, value) }
    try file.checkKind()
    return (file, reader)
  }

  private init(outline: GGUF) { self.outline = outline }

  /// What a key holds, or a failure that names the key where it is missing.
  func require<Value>(_ value: Value?, _ key: StaticString) throws(Failure) -> Value {
    guard let value else { throw Failure(QUELL_MALFORMED, "the file has no key '").then(key).then("'; import the model anew") }
    return value
  }

  private func checkKind() throws(Failure) {
    guard let architecture, architecture.equals("quell") else {
      throw Failure(QUELL_UNSUPPORTED, "a GGUF file, but not of a Quell model: make one from ONNX with `quell import`")
    }
    let version = try require(formatVersion, "quell.version")
    guard version == ModelFile.version else {
      throw Failure(QUELL_UNSUPPORTED, "the file is of format ").then(version).then("; this Quell reads format 1: import the model anew")
    }
    guard fileAlignment == ModelFile.alignment else {
      throw Failure(QUELL_UNSUPPORTED, "general.alignment is not 64: import the model anew")
    }
  }

  private mutating func take(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value) throws(Failure) {
    if key.equals("general.architecture") { architecture = try string(key, value, architecture) }
    if key.equals("general.alignment") { fileAlignment = try number(key, value, fileAlignment) }
    if key.equals("general.name") { name = try string(key, value, name) }
    if key.equals("quell.version") { formatVersion = try number(key, value, formatVersion) }
    if key.equals("quell.vocabulary_size") { vocabularySize = try number(key, value, vocabularySize) }
    if key.equals("quell.context_length") { contextLength = try number(key, value, contextLength) }
    if key.equals("quell.state_size") { stateSize = try number(key, value, stateSize) }
    if key.equals("quell.scratch_size") { scratchSize = try number(key, value, scratchSize) }
    if key.equals("quell.logits") { logits = try number(key, value, logits) }
    if key.equals("quell.state_fill") { stateFill = try words(key, value, .uint32, stateFill, group: 3) }
    if key.equals("quell.values") { values = try words(key, value, .uint32, values, group: 3) }
    if key.equals("quell.caches") { caches = try words(key, value, .uint32, caches, group: 3) }
    if key.equals("quell.operations") { operations = try words(key, value, .uint32, operations, group: Operation.wordCount) }
    if key.equals("quell.thresholds") { thresholds = try words(key, value, .float32, thresholds, group: 1) }
    if key.equals("quell.ternary") { ternary = try words(key, value, .uint32, ternary, group: 1) }
    if key.equals("quell.sites") { siteNames = try strings(key, value, siteNames) }
    if key.equals("quell.site_kinds") { siteKinds = try strings(key, value, siteKinds) }
    if key.equals("tokenizer.ggml.model") { tokenizer.model = try string(key, value, tokenizer.model) }
    if key.equals("tokenizer.ggml.pre") { tokenizer.splitRule = try string(key, value, tokenizer.splitRule) }
    if key.equals("tokenizer.ggml.tokens") { tokenizer.tokens = try strings(key, value, tokenizer.tokens) }
    if key.equals("tokenizer.ggml.token_type") { tokenizer.types = try words(key, value, .int32, tokenizer.types, group: 1) }
    if key.equals("tokenizer.ggml.merges") { tokenizer.merges = try strings(key, value, tokenizer.merges) }
    if key.equals("tokenizer.ggml.bos_token_id") { tokenizer.beginning = try number(key, value, tokenizer.beginning) }
    if key.equals("tokenizer.ggml.eos_token_id") { tokenizer.end = try number(key, value, tokenizer.end) }
    if key.equals("tokenizer.ggml.add_bos_token") { tokenizer.addsBeginning = try truth(key, value, tokenizer.addsBeginning) }
    if key.equals("tokenizer.ggml.add_space_prefix") { tokenizer.addsSpace = try truth(key, value, tokenizer.addsSpace) }
    if key.equals("tokenizer.ggml.normalizer") { tokenizer.normalizer = try string(key, value, tokenizer.normalizer) }
    if key.equals("tokenizer.ggml.normalized_tokens") {
      tokenizer.normalizedTokens = try words(key, value, .uint32, tokenizer.normalizedTokens, group: 1)
    }
  }
}

// MARK: Values by type

// No methods: each would be handed a copy of all that was found so far.

private func number(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value, _ earlier: Int?) throws(Failure) -> Int {
  guard earlier == nil else { throw repeated(key, value) }
  guard !value.isArray, value.type == .uint32 else { throw wrongType(key, value) }
  let number = UInt32(littleEndian: value.bytes.loadUnaligned(as: UInt32.self))
  guard number <= Int32.max else {
    throw Failure(QUELL_MALFORMED, "key '").then(key).then("' is larger than any model needs").at(value.offset)
  }
  return Int(number)
}

private func truth(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value, _ earlier: Bool?) throws(Failure) -> Bool {
  guard earlier == nil else { throw repeated(key, value) }
  guard !value.isArray, value.type == .bool else { throw wrongType(key, value) }
  guard value.bytes[0] <= 1 else {
    throw Failure(QUELL_MALFORMED, "key '").then(key).then("' is neither 0, for no, nor 1, for yes").at(value.offset)
  }
  return value.bytes[0] == 1
}

private func string(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value, _ earlier: UnsafeRawBufferPointer?) throws(Failure)
  -> UnsafeRawBufferPointer
{
  guard earlier == nil else { throw repeated(key, value) }
  guard !value.isArray, value.type == .string else { throw wrongType(key, value) }
  return UnsafeRawBufferPointer(rebasing: value.bytes[8...])
}

private func words(
  _ key: UnsafeRawBufferPointer, _ value: GGUF.Value, _ type: GGUF.ValueType, _ earlier: WordArray?, group: Int
) throws(Failure) -> WordArray {
  guard earlier == nil else { throw repeated(key, value) }
  guard let words = WordArray(value, of: type) else { throw wrongType(key, value) }
  guard words.count % group == 0 else {
    throw Failure(QUELL_MALFORMED, "key '").then(key).then("' does not hold whole groups of ").then(group).at(value.offset)
  }
  return words
}

private func strings(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value, _ earlier: StringArray?) throws(Failure) -> StringArray {
  guard earlier == nil else { throw repeated(key, value) }
  guard let strings = StringArray(value) else { throw wrongType(key, value) }
  return strings
}

private func repeated(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value) -> Failure {
  Failure(QUELL_MALFORMED, "key '").then(key).then("' stands twice in the file").at(value.offset)
}

private func wrongType(_ key: UnsafeRawBufferPointer, _ value: GGUF.Value) -> Failure {
  Failure(QUELL_MALFORMED, "key '").then(key).then("' has the wrong type").at(value.offset)
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are those of a fixed text.
  func equals(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count where self[index] != text.utf8Start[index] { return false }
    return true
  }
}
