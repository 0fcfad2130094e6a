import Quell

extension Program {
  /// Writes the model file of a planned program; it gets its name once `check` has found nothing against it.
  func write(
    to path: String, options: ImportOptions, name: String, check: (String) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    let workers = Workers()
    let writers = self.tensors.map { tensor in
      MatrixWriter(name: tensor.name, weights: [tensor.weight], type: tensor.elementType(options.weights), scales: nil)
    }
    let tensors = zip(self.tensors, writers.indices).map { tensor, number in
      let writer = writers[number]
      return GGUFTensor(
        name: tensor.name, dimensions: tensor.weight.shape.reversed(), type: writer.type, sourceBytes: writer.sourceBytes
      ) { output, advance throws(ImportFailure) in
        if number + 1 < writers.count { writers[number + 1].fetch() }
        try writer.write(to: output, workers, advance: advance)
      }
    }
    try GGUFWriter.write(
      to: path, pairs: try pairs(name) + options.metadata, tensors: tensors, progress: options.progress, check: check)
  }

  private func pairs(_ name: String) throws(ImportFailure) -> [GGUFPair] {
    var words: [UInt32] = []
    for operation in operations { operation.encode { words.append($0) } }
    func encoded(_ numbers: [Int]) throws(ImportFailure) -> GGUFValue {
      var words: [UInt32] = []
      for number in numbers { words.append(try word(number)) }
      return .uint32Array(words)
    }
    var filled: [Int] = []
    for fill in fills { filled += [fill.offset, fill.count, Int(fill.value.bitPattern)] }
    var places: [Int] = []
    for value in values.indices {
      switch values[value] {
      case .weight(let tensor): places += [0, tensor, count(value)]
      case .state(let offset, let count): places += [1, offset, count]
      case .buffer(let buffer, let start, let count): places += [2, bufferOffsets[buffer] + start, count]
      }
    }
    return [
      GGUFPair("general.architecture", .string("quell")),
      GGUFPair("general.alignment", .uint32(UInt32(GGUFWriter.alignment))),
      GGUFPair("general.name", .string(name)),
      GGUFPair("quell.version", .uint32(1)),
      GGUFPair("quell.vocabulary_size", .uint32(try word(vocabularySize))),
      GGUFPair("quell.context_length", .uint32(try word(contextLength))),
      GGUFPair("quell.state_size", .uint32(try word(stateSize))),
      GGUFPair("quell.state_fill", try encoded(filled)),
      GGUFPair("quell.scratch_size", .uint32(try word(scratchSize))),
      GGUFPair("quell.values", try encoded(places)),
      GGUFPair("quell.caches", try encoded(caches.flatMap { [$0.keyWidth, $0.valueWidth, $0.heads] })),
      GGUFPair("quell.operations", .uint32Array(words)),
      GGUFPair("quell.logits", .uint32(try word(logits))),
      GGUFPair("quell.sites", .stringArray(siteNames)),
      GGUFPair("quell.site_kinds", .stringArray(siteKinds)),
      GGUFPair("quell.thresholds", .float32Array([Float](repeating: 0, count: siteNames.count))),
    ]
  }

  private func word(_ number: Int) throws(ImportFailure) -> UInt32 {
    guard let word = UInt32(exactly: number), word != .max else { throw .unsupported("The model is too large for the model file.") }
    return word
  }
}

extension Program.Tensor {
  fileprivate func elementType(_ weights: WeightType) -> GGUFTensor.ElementType {
    guard form == .matrix else { return .f32 }
    switch weights {
    case .f32: return .f32
    case .f16: return .f16
    case .source: return weight.type == .float16 ? .f16 : .f32
    }
  }
}
