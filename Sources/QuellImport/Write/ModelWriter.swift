import Quell

extension Program {
  /// Stores a planned program as options say: the file is written, has run, and has passed `check` before it gets its name.
  /// Returns what became of the weights.
  @discardableResult
  func store(
    to path: String, _ options: ImportOptions, name: String, check: (String) throws(ImportFailure) -> Void = { _ in }
  ) throws(ImportFailure) -> [ImportReport.Storage] {
    let workers = Workers()
    let plan = try StoragePlan(self, options.weights, workers)
    let total = plan.sourceBytes
    try write(to: path, plan, options, name: name, workers) { path throws(ImportFailure) in
      for tensor in tensors { for weight in tensor.weights { try weight.source.file?.requireUnchanged() } }
      try Verification.requireFinite(path, self, threads: workers.count, goesOn: { options.progress(total, total) })
      try check(path)
    }
    return plan.storage
  }

  /// Writes the model file of a planned program; it gets its name once `check` has found nothing against it.
  private func write(
    to path: String, _ plan: StoragePlan, _ options: ImportOptions, name: String, _ workers: Workers,
    check: (String) throws(ImportFailure) -> Void
  ) throws(ImportFailure) {
    var tensors: [GGUFTensor] = []
    for (number, (tensor, writer)) in zip(self.tensors, plan.writers).enumerated() {
      let dimensions = Array(tensor.shape.reversed())
      tensors.append(
        GGUFTensor(name: tensor.name, dimensions: dimensions, type: writer.type, sourceBytes: writer.sourceBytes) {
          output, advance throws(ImportFailure) in
          if number == 0 { writer.fetch() }
          let next = number + 1 < plan.writers.count ? plan.writers[number + 1] : nil
          try writer.write(to: output, workers, next: next, advance: advance)
        })
    }
    for (matrix, scales) in plan.scales {
      // Measured by the time that the tensor's turn comes: scales follow all matrices.
      let name = self.tensors[matrix].name + ".scale"
      tensors.append(
        GGUFTensor(name: name, dimensions: [scales.numbers.count], type: .f32, sourceBytes: 0) { output, _ throws(ImportFailure) in
          try output.write(scales.numbers)
        })
    }
    try GGUFWriter.write(
      to: path, pairs: try pairs(name, plan) + options.metadata, tensors: tensors, progress: options.progress, check: check)
  }

  private func pairs(_ name: String, _ plan: StoragePlan) throws(ImportFailure) -> [GGUFPair] {
    var words: [UInt32] = []
    for operation in operations {
      operation.scaled { plan.scale(of: $0).map { values.count + $0 } }.encode { words.append($0) }
    }
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
    let ternary = plan.writers.indices.filter { plan.writers[$0].type == .ternary }
    for (number, scale) in plan.scales.enumerated() { places += [0, tensors.count + number, scale.scales.numbers.count] }
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
      GGUFPair("quell.thresholds", .float32Array(siteThresholds)),
    ] + (ternary.isEmpty ? [] : [GGUFPair("quell.ternary", try encoded(ternary))])
  }

  private func word(_ number: Int) throws(ImportFailure) -> UInt32 {
    guard let word = UInt32(exactly: number), word != .max else { throw .unsupported("The model is too large for the model file.") }
    return word
  }
}

extension Operation {
  /// The operation with the scale that its matrix has, a value.
  fileprivate func scaled(_ scale: (Int) -> Int?) -> Operation {
    switch self {
    case .linear(let matrix, let layout, let bias, _, let result):
      .linear(matrix: matrix, layout: layout, bias: bias, scale: scale(matrix), result: result)
    case .row(let table, let source, let add, let result, _):
      .row(table: table, source: source, add: add, result: result, scale: scale(table))
    default: self
    }
  }
}
