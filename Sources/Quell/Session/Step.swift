import CQuell

extension SessionStorage {
  /// Runs the program for one token. The logits are in ``logits`` then.
  ///
  /// Nothing is allocated. A failure leaves the session as it was.
  mutating func step(_ token: UInt32) throws(Failure) {
    guard token < model.pointee.vocabularySize else {
      throw Failure(QUELL_TOKEN_OUT_OF_RANGE, "token ").then(Int(token)).then(" is not below the vocabulary size ")
        .then(model.pointee.vocabularySize)
    }
    guard position < capacity else {
      throw Failure(QUELL_CONTEXT_FULL, "the context of ").then(capacity).then(" positions is full: reset the session or make a longer one")
    }
    for operation in model.pointee.operations { execute(operation, token: Int(token)) }
    position += 1
    tokenCount += 1
  }

  /// The logits of the last step, one per token of the vocabulary.
  var logits: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: memory(model.pointee.logits), count: model.pointee.vocabularySize)
  }

  private mutating func execute(_ operation: Operation, token: Int) {
    switch operation {
    case .row(let table, let source, let add, let result, let scale):
      copyRow(of: model.pointee.tensors[table], add + (source == .token ? token : position), scale: memory(scale), to: memory(result))
    case .copy(let source, let result):
      memory(result).update(from: memory(source), count: count(result))
    case .unary(let function, let source, let result):
      Elementwise.unary(function, memory(source), memory(result), count: count(result))
    case .binary(let function, let left, let right, let result):
      let elements = count(result)
      Elementwise.binary(
        function, memory(left), leftStep: count(left) == 1 ? 0 : 1, memory(right), rightStep: count(right) == 1 ? 0 : 1,
        memory(result), count: elements)
    case .normalize(.layer, let source, let gain, let bias, let epsilon, let result):
      LayerNormalization.run(
        memory(source), gain: memory(gain), bias: memory(bias), epsilon: epsilon, memory(result), count: count(result))
    case .normalize(.rootMeanSquare, let source, let gain, let bias, let epsilon, let result):
      RootMeanSquareNormalization.run(
        memory(source), gain: memory(gain), bias: memory(bias), epsilon: epsilon, memory(result), count: count(result))
    case .events(let site, let source):
      detectEvents(at: site, memory(source), count: count(source))
    case .linear(let matrix, let layout, let bias, let scale, let result):
      Linear(matrix: model.pointee.tensors[matrix], layout: layout, scale: memory(scale), bias: memory(bias))
        .run(events, memory(result), outputs: count(result))
    case .attention(let query, let key, let value, let cache, let heads, let scale, let result):
      attention(cache, heads: heads, scale: scale)
        .run(query: memory(query), key: memory(key), value: memory(value), position: position, result: memory(result))
    case .position(let result):
      memory(result).pointee = Float(position)
    case .arrange(let source, let arrangement, let result):
      arrangement.copy(memory(source), to: memory(result), count: count(result))
    case .reduce(let function, let source, let inner, let result):
      let elements = count(result)
      function.run(memory(source), length: count(source) / elements, inner: inner, memory(result), count: elements)
    }
  }

  // MARK: Operations

  private func copyRow(of table: Tensor, _ row: Int, scale: UnsafePointer<Float>?, to result: UnsafeMutablePointer<Float>) {
    let start = table.data + row * table.rowBytes
    let count = table.columns
    switch table.format {
    case .f32: F32.widen(start, count, to: result)
    case .f16: F16.widen(start, count, to: result)
    case .bf16: BF16.widen(start, count, to: result)
    case .int8: Int8Element.widen(start, count, to: result)
    case .int4: Int4Element.widen(start, count, to: result)
    }
    guard let scale else { return }
    for column in 0..<count { result[column] *= scale[row] }
  }

  private mutating func detectEvents(at site: Int, _ source: UnsafePointer<Float>, count: Int) {
    statistics?.add(source, count: count, site: site)
    events.detect(source, count: count, threshold: thresholds[site])
    eventCounts[site] += UInt64(events.count)
  }

  private func attention(_ index: Int, heads: Int, scale: Float) -> Attention {
    let cache = model.pointee.caches[index]
    let keys = caches.baseAddress! + cacheOffsets[index]
    return Attention(
      cache: cache, heads: heads, scale: scale, keys: keys, values: keys + capacity * cache.keyWidth,
      weights: attentionWeights.baseAddress!)
  }

  // MARK: Values

  private func count(_ value: Int) -> Int { model.pointee.values[value].count }

  /// Where a value's numbers are. Weights are only read: the verifier sees to it.
  private func memory(_ index: Int) -> UnsafeMutablePointer<Float> {
    let value = model.pointee.values[index]
    switch value.storage {
    case .weight:
      return UnsafeMutablePointer(mutating: model.pointee.tensors[value.offset].data.assumingMemoryBound(to: Float.self))
    case .state: return state.baseAddress! + value.offset
    case .scratch: return scratch.baseAddress! + value.offset
    }
  }

  private func memory(_ index: Int?) -> UnsafePointer<Float>? { index.map { UnsafePointer(memory($0)) } }
}
