import CQuell

/// Checks that a program, which comes from an untrusted file, stays within its memory whatever the numbers in it are.
///
/// After it has passed, a step needs no check but those of the token and the position.
struct Verifier {
  /// Not a copy: each function would have one on its stack.
  let model: UnsafePointer<ModelStorage>
  /// The operation being checked.
  private(set) var index = 0
  /// The site whose events the next linear reads.
  private var site: Int?
  /// Where in the file the lists begin.
  private let places: (values: Int, caches: Int, operations: Int)

  /// Checks a program; the lists are those that it was read from.
  static func verify(
    _ model: UnsafePointer<ModelStorage>, values: WordArray, caches: WordArray, operations: WordArray
  ) throws(Failure) {
    var verifier = Verifier(model: model, places: (values.offset, caches.offset, operations.offset))
    try verifier.verifyStorage()
    for index in 0..<model.pointee.operations.count {
      verifier.index = index
      try verifier.verify(model.pointee.operations[index])
    }
    try verifier.verifyAllUsed()
  }

  private init(model: UnsafePointer<ModelStorage>, places: (values: Int, caches: Int, operations: Int)) {
    self.model = model
    self.places = places
  }

  // MARK: Storage

  private func verifyStorage() throws(Failure) {
    for index in 0..<model.pointee.values.count {
      let value = model.pointee.values[index]
      let available: Int
      switch value.storage {
      case .weight:
        guard value.offset < model.pointee.tensors.count else { throw badValue(index, "names a tensor that is not there") }
        let tensor = model.pointee.tensors[value.offset]
        guard tensor.format == .f32, tensor.rows == 1, tensor.columns == value.count else {
          throw badValue(index, "is not the whole of an F32 vector")
        }
        continue
      case .state: available = model.pointee.stateSize
      case .scratch: available = model.pointee.scratchSize
      }
      guard value.count > 0, value.count <= available - value.offset else {
        throw badValue(index, "reaches out of its storage")
      }
    }
    // Vectors of a real model are far smaller than its weights: a file that asks for more is not one.
    let floats = UInt64(model.pointee.stateSize) + UInt64(model.pointee.scratchSize)
    guard floats * 4 <= 2 * UInt64(model.pointee.bytes.count) else {
      throw Failure(QUELL_MALFORMED, "the program asks for more state and scratch memory than twice the file's size")
    }
    for index in 0..<model.pointee.caches.count {
      let cache = model.pointee.caches[index]
      guard cache.heads > 0, cache.keyWidth > 0, cache.valueWidth > 0, cache.keyWidth % cache.heads == 0,
        cache.valueWidth % cache.heads == 0
      else { throw Failure(QUELL_MALFORMED, "cache ").then(index).then(" does not divide into its heads").at(places.caches + 12 * index) }
    }
    guard model.pointee.logits < model.pointee.values.count else { throw Failure(QUELL_MALFORMED, "quell.logits names no value") }
    let logits = model.pointee.values[model.pointee.logits]
    guard logits.storage == .scratch, logits.count == model.pointee.vocabularySize else {
      throw Failure(QUELL_MALFORMED, "quell.logits is not a scratch value of vocabulary size")
    }
  }

  private func verifyAllUsed() throws(Failure) {
    for index in 0..<model.pointee.sites.count where model.pointee.sites[index].outputs == 0 {
      throw Failure(QUELL_MALFORMED, "site ").then(index).then(" feeds no linear operation")
    }
  }

  // MARK: Operations

  private mutating func verify(_ operation: Operation) throws(Failure) {
    switch operation {
    case .row(let table, let source, let add, let result, let scale):
      let table = try tensor(table)
      try verifyRow(table, source, add, result: written(result))
      try verifyScale(scale, of: table, count: table.rows)
    case .copy(let source, let result), .unary(_, let source, let result):
      let (source, result) = (try value(source), try written(result))
      guard source.count == result.count else { throw bad("operands differ in length") }
      try verifySameOrApart(source, result)
    case .binary(_, let left, let right, let result):
      try verifyElementwise(value(left), written(result))
      try verifyElementwise(value(right), written(result))
    case .normalize(_, let source, let gain, let bias, let epsilon, let result):
      let source = try value(source)
      let result = try written(result)
      try verifyApart(source, result)
      try verifyVector(gain, like: result)
      try verifyVector(bias, like: result)
      guard source.count == result.count, epsilon >= 0, epsilon.isFinite else { throw bad("a normalisation is impossible") }
    case .events(let site, let source):
      guard site < model.pointee.sites.count else { throw bad("there is no such site") }
      guard model.pointee.sites[site].inputs == 0 else { throw bad("a site makes its events twice") }
      model.pointee.sites[site].inputs = try value(source).count
      self.site = site
    case .linear(let matrix, let layout, let bias, let scale, let result):
      let (matrix, result) = (try tensor(matrix), try written(result))
      try verifyLinear(matrix, layout, bias, result)
      try verifyScale(scale, of: matrix, count: result.count)
      // Sums of whole numbers are exact only if they begin with one.
      guard matrix.format != .ternary || bias == nil || scale != nil else { throw bad("ternary numbers with a bias have no scale") }
    case .attention(let query, let key, let value, let cache, let heads, let scale, let result):
      guard cache < model.pointee.caches.count, heads > 0, scale.isFinite else { throw bad("an attention is impossible") }
      let result = try written(result)
      let operands = (try self.value(query), try self.value(key), try self.value(value))
      try verifyApart(operands.0, result)
      try verifyApart(operands.1, result)
      try verifyApart(operands.2, result)
      try verifyAttention(model.pointee.caches[cache], heads, (operands.0.count, operands.1.count, operands.2.count), result.count)
    case .chain(let count, let elements):
      try verifyChain(count, elements)
    case .position(let result):
      guard try written(result).count == 1 else { throw bad("a position is one number") }
    case .arrange(let source, let arrangement, let result):
      let source = try value(source)
      let result = try written(result)
      try verifyApart(source, result)
      guard arrangement.fits(result.count, within: source.count) else { throw bad("an order of elements reaches out of its source") }
    case .reduce(_, let source, let inner, let result):
      let source = try value(source)
      let result = try written(result)
      try verifyApart(source, result)
      guard inner > 0, result.count % inner == 0, source.count % result.count == 0 else {
        throw bad("a reduction does not divide its source")
      }
    case .choose(let condition, let left, let right, let result):
      try verifyElementwise(value(condition), written(result))
      try verifyElementwise(value(left), written(result))
      try verifyElementwise(value(right), written(result))
    }
  }

  private func verifyRow(_ table: Tensor, _ source: RowSource, _ add: Int, result: Value) throws(Failure) {
    guard table.columns == result.count else { throw bad("a row of the table has another length than the result") }
    let needed = source == .token ? model.pointee.vocabularySize : model.pointee.contextLength
    guard needed > 0, needed <= table.rows - add else { throw bad("the table has too few rows") }
  }

  private mutating func verifyLinear(_ matrix: Tensor, _ layout: MatrixLayout, _ bias: Int?, _ result: Value) throws(Failure) {
    guard let site else { throw bad("a linear operation comes before any list of events") }
    let (inputs, outputs) = layout == .inputMajor ? (matrix.rows, matrix.columns) : (matrix.columns, matrix.rows)
    guard inputs == model.pointee.sites[site].inputs, outputs == result.count else {
      throw bad("the matrix does not fit its input and output")
    }
    try verifyVector(bias, like: result)
    let (sum, overflow) = model.pointee.sites[site].outputs.addingReportingOverflow(outputs)
    guard !overflow else { throw bad("more outputs read the events of a site than can be counted") }
    model.pointee.sites[site].outputs = sum
  }

  private func verifyAttention(_ cache: Cache, _ heads: Int, _ counts: (query: Int, key: Int, value: Int), _ result: Int) throws(Failure) {
    let (query, queryOverflow) = heads.multipliedReportingOverflow(by: cache.keyWidth / cache.heads)
    let (output, outputOverflow) = heads.multipliedReportingOverflow(by: cache.valueWidth / cache.heads)
    guard heads % cache.heads == 0, !queryOverflow, !outputOverflow, counts.query == query, counts.key == cache.keyWidth,
      counts.value == cache.valueWidth, result == output
    else { throw bad("query, key, value and cache do not fit together") }
  }

  // MARK: Operands

  func value(_ index: Int) throws(Failure) -> Value {
    guard index < model.pointee.values.count else { throw bad("there is no such value") }
    return model.pointee.values[index]
  }

  private func tensor(_ index: Int) throws(Failure) -> Tensor {
    guard index < model.pointee.tensors.count else { throw bad("there is no such tensor") }
    return model.pointee.tensors[index]
  }

  private func written(_ index: Int) throws(Failure) -> Value {
    let value = try value(index)
    guard value.storage != .weight else { throw bad("the result is a weight") }
    return value
  }

  private func verifyVector(_ index: Int?, like result: Value) throws(Failure) {
    guard let index else { return }
    let vector = try value(index)
    guard vector.count == result.count else { throw bad("a vector of weights has the wrong length") }
    try verifyApart(vector, result)
  }

  /// Integers of 8 bits have a scale, known numbers that a step cannot change; ternary ones may have one; other formats have none.
  private func verifyScale(_ index: Int?, of tensor: Tensor, count: Int) throws(Failure) {
    guard let index else {
      guard !tensor.format.needsScale else { throw bad("a matrix of 8-bit integers has no scale") }
      return
    }
    guard tensor.format.takesScale else { throw bad("a matrix that is not of integers has a scale") }
    let scale = try value(index)
    guard scale.storage == .weight, scale.count == count else { throw bad("a scale is not a vector of weights with one number for each") }
  }

  private func verifyElementwise(_ operand: Value, _ result: Value) throws(Failure) {
    guard operand.count == result.count || operand.count == 1 else { throw bad("operands differ in length") }
    try verifySameOrApart(operand, result)
  }

  func verifySameOrApart(_ operand: Value, _ result: Value) throws(Failure) {
    if operand != result { try verifyApart(operand, result) }
  }

  private func verifyApart(_ operand: Value, _ result: Value) throws(Failure) {
    guard
      operand.storage != result.storage || operand.offset + operand.count <= result.offset
        || result.offset + result.count <= operand.offset
    else { throw bad("an operand overlaps the result") }
  }

  func bad(_ why: StaticString) -> Failure {
    Failure(QUELL_MALFORMED, "operation ").then(index).then(" of the program: ").then(why).at(places.operations + 32 * index)
  }

  private func badValue(_ index: Int, _ why: StaticString) -> Failure {
    Failure(QUELL_MALFORMED, "value ").then(index).then(" of the program ").then(why).at(places.values + 12 * index)
  }
}
