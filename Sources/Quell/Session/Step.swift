import CQuell

extension SessionStorage {
  /// Runs the program for one token. The logits are in ``logits`` then.
  ///
  /// Nothing is allocated. A failure leaves the session as it was.
  @_optimize(speed)
  mutating func step(_ token: UInt32) throws(Failure) {
    guard token < model.pointee.vocabularySize else {
      throw Failure(QUELL_TOKEN_OUT_OF_RANGE, "token ").then(Int(clamping: token)).then(" is not below the vocabulary size ")
        .then(model.pointee.vocabularySize)
    }
    guard position < capacity else {
      throw Failure(QUELL_CONTEXT_FULL, "the context of ").then(capacity).then(" positions is full: reset the session or make a longer one")
    }
    try checkCancellation()
    select(0)
    var index = 0
    while index < model.pointee.operations.count { index = execute(at: index, token: Int(token)) }
    countTokens(1, logits: 1)
    position += 1
    adaptation?.finishToken()
  }

  /// Throws where a caller wants no further token to be taken, once.
  func checkCancellation() throws(Failure) {
    guard quell_platform_take(head.pointee.cancellation) != 0 else { return }
    throw Failure(QUELL_CANCELLED, "cancelled after ").then(position).then(" tokens of the session's text, from which it can go on")
  }

  /// The logits of the last step, one per token of the vocabulary.
  var logits: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: memory(model.pointee.logits), count: model.pointee.vocabularySize)
  }

  /// Executes an operation, or the chain that it begins, and returns the place of the next one.
  @_optimize(speed)
  mutating func execute(at index: Int, token: Int) -> Int {
    let operations = model.pointee.operations
    if case .chain(let count, let elements) = operations[index] {
      executeChain(operations[(index + 1)...(index + count)], elements: elements)
      return index + count + 1
    }
    execute(operations[index], token: token)
    return index + 1
  }

  @_optimize(speed)
  private mutating func execute(_ operation: Operation, token: Int) {
    switch operation {
    case .row(let table, let source, let add, let result, let scale):
      copyRow(of: model.pointee.tensors[table], add + (source == .token ? token : position), scale: memory(scale), to: memory(result))
    case .copy(_, let result), .unary(_, _, let result), .binary(_, _, _, let result):
      executeElementwise(operation, 0..<count(result))
    case .normalize(.layer, let source, let gain, let bias, let epsilon, let result):
      LayerNormalization.run(
        memory(source), gain: memory(gain), bias: memory(bias), epsilon: epsilon, memory(result), count: count(result), kernels)
    case .normalize(.rootMeanSquare, let source, let gain, let bias, let epsilon, let result):
      RootMeanSquareNormalization.run(
        memory(source), gain: memory(gain), bias: memory(bias), epsilon: epsilon, memory(result), count: count(result), kernels)
    case .events(_, let source):
      executeElementwise(operation, 0..<count(source))
    case .linear(let matrix, let layout, let bias, let scale, let result):
      linearParts(
        matrix, layout, bias: bias, scale: scale, result: result, UnsafeMutableBufferPointer(start: lane, count: 1), single: memory(result)
      ).run(workers)
    case .attention(let query, let key, let value, let cache, let heads, let scale, let result):
      attention(cache, heads: heads, scale: scale)
        .run(query: memory(query), key: memory(key), value: memory(value), position: position, result: memory(result))
    case .chain: break
    case .position(let result):
      memory(result).pointee = Float(position)
    case .arrange(let source, let arrangement, let result):
      arrangement.copy(memory(source), to: memory(result), count: count(result))
    case .reduce(let function, let source, let inner, let result):
      let elements = count(result)
      function.run(memory(source), length: count(source) / elements, inner: inner, memory(result), count: elements, kernels)
    case .choose(let condition, let left, let right, let result):
      Elementwise.choose(
        memory(condition), step: count(condition) == 1 ? 0 : 1, memory(left), leftStep: count(left) == 1 ? 0 : 1, memory(right),
        rightStep: count(right) == 1 ? 0 : 1, memory(result), count: count(result))
    }
  }

  // MARK: Operations

  @_optimize(speed)
  private func copyRow(of table: Tensor, _ row: Int, scale: UnsafePointer<Float>?, to result: UnsafeMutablePointer<Float>) {
    let start = table.data + row * table.rowBytes
    let count = table.columns
    switch table.format {
    case .f32: F32.widen(start, count, to: result)
    case .f16: F16.widen(start, count, to: result)
    case .bf16: BF16.widen(start, count, to: result)
    case .int8: Int8Element.widen(start, count, to: result)
    case .int4: Int4Element.widen(start, count, to: result)
    case .ternary: TernaryElement.widen(start, count, to: result)
    }
    guard let scale else { return }
    for column in 0..<count { result[column] *= scale[row] }
  }

  /// A linear operation for some lanes, cut into parts.
  func linearParts(
    _ matrix: Int, _ layout: MatrixLayout, bias: Int?, scale: Int?, result: Int, _ lanes: UnsafeMutableBufferPointer<Lane>,
    single: UnsafeMutablePointer<Float>?
  ) -> LinearParts {
    let linear = Linear(
      matrix: model.pointee.tensors[matrix], layout: layout, scale: memory(scale), bias: memory(bias), outputs: count(result),
      kernels: kernels)
    return LinearParts(
      linear, lanes, tokens: tokens.baseAddress!, offset: model.pointee.values[result].offset, single: single, threads: threads)
  }

  private func attention(_ index: Int, heads: Int, scale: Float) -> Attention {
    let cache = model.pointee.caches[index]
    let keys = caches.baseAddress! + cacheOffsets[index]
    return Attention(
      cache: cache, heads: heads, scale: scale, keys: keys, values: keys + capacity * cache.keyWidth,
      weights: attentionWeights.baseAddress!)
  }

  // MARK: Values

  func count(_ value: Int) -> Int { model.pointee.values[value].count }

  /// Where a value's numbers are. Weights are only read: the verifier sees to it.
  ///
  /// What it takes is handed on one by one: where the session is being changed, a function of its own would be given a copy of it, of
  /// hundreds of bytes for every operand.
  @inline(__always)
  func memory(_ index: Int) -> UnsafeMutablePointer<Float> { place(of: index, model, state, lane) }

  private func memory(_ index: Int?) -> UnsafePointer<Float>? { index.map { UnsafePointer(memory($0)) } }
}

/// Where a value's numbers are: in the file, in the state, or in a lane's scratch memory.
@inline(never)
private func place(
  of index: Int, _ model: UnsafePointer<ModelStorage>, _ state: UnsafeMutableBufferPointer<Float>, _ lane: UnsafePointer<Lane>
) -> UnsafeMutablePointer<Float> {
  let value = model.pointee.values[index]
  switch value.storage {
  case .weight: return UnsafeMutablePointer(mutating: model.pointee.tensors[value.offset].data.assumingMemoryBound(to: Float.self))
  case .state: return state.baseAddress! + value.offset
  case .scratch: return lane.pointee.scratch + value.offset
  }
}
