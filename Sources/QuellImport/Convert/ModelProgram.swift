import Quell

extension Program {
  /// The program of a model file, so that it can be written again in another form. Weights stay in the file.
  ///
  /// What scales the integers of a matrix becomes a part of its weights.
  init(_ model: Model, file: MappedFile) throws(ImportFailure) {
    // Each is made anew when it is asked for.
    let (tensors, modelValues, modelOperations) = (model.tensors, model.values, model.operations)
    let reader = ModelReader(model, file)
    var usedValues: [Int: Int] = [:]
    var usedTensors: [Int: Int] = [:]
    /// What scales the integers of a matrix, and whether it has one row for each input.
    var scales: [Int: Int] = [:]
    var isByInput: [Int: Bool] = [:]
    func place(_ value: Int) -> Place {
      let found = modelValues[value]
      return switch found.storage {
      case .state: .state(offset: found.offset, count: found.count)
      case .scratch: .buffer(0, start: found.offset, count: found.count)
      case .weight: .weight(tensor: found.offset)
      }
    }
    for operation in modelOperations {
      operation.withoutScale.forEachValue { value, _ in
        if usedValues.updateValue(0, forKey: value) == nil, case .weight(let tensor) = place(value) { usedTensors[tensor] = 0 }
      }
      switch operation {
      case .linear(let matrix, let layout, _, let scale, _):
        isByInput[matrix] = isByInput[matrix] == true || layout == .inputMajor
        scales[matrix] = scale.map { modelValues[$0].offset }
        usedTensors[matrix] = 0
      case .row(let table, _, _, _, let scale):
        isByInput[table] = isByInput[table] == true
        scales[table] = scale.map { modelValues[$0].offset }
        usedTensors[table] = 0
      default: break
      }
    }
    for (number, tensor) in usedTensors.keys.sorted().enumerated() {
      usedTensors[tensor] = number
      let isVector = tensors[tensor].rows == 1 && isByInput[tensor] == nil
      let weight = try reader.weight(tensor, scale: scales[tensor], byRow: isByInput[tensor] != true)
      self.tensors.append(
        Tensor(
          name: tensors[tensor].name, weights: [weight], form: isVector ? .vector : .matrix,
          takesWholeBytes: tensors[tensor].format == .ternary))
    }
    for (number, value) in usedValues.keys.sorted().enumerated() {
      usedValues[value] = number
      let found = place(value)
      if case .weight(let tensor) = found { values.append(.weight(tensor: usedTensors[tensor]!)) } else { values.append(found) }
    }
    operations = modelOperations.map { operation in
      operation.withoutScale.mapped(values: { usedValues[$0]! }, tensors: { usedTensors[$0]! })
    }
    caches = model.caches.map { Cache(keyWidth: $0.keyWidth, valueWidth: $0.valueWidth, heads: $0.heads) }
    siteNames = model.sites.map { $0.name }
    siteKinds = model.sites.map { $0.kind }
    siteThresholds = model.sites.map { $0.threshold }
    fills = model.stateFills.map { Fill(offset: $0.offset, count: $0.count, value: $0.value) }
    logits = usedValues[model.logitsValue]!
    (vocabularySize, contextLength, stateSize) = (model.vocabularySize, model.contextLength, model.stateSize)
    (buffers, bufferOffsets, scratchSize) = ([model.scratchSize], [0], model.scratchSize)
  }
}

/// Views of the tensors of a model file.
private struct ModelReader {
  private let tensors: [TensorDescription]
  private let ranges: [Range<Int>]
  private let file: MappedFile

  init(_ model: Model, _ file: MappedFile) {
    tensors = model.tensors
    ranges = model.tensorRanges
    self.file = file
  }

  /// The numbers of a tensor; `scale` is the tensor that scales its rows, or its columns.
  func weight(_ number: Int, scale: Int?, byRow: Bool) throws(ImportFailure) -> Weight {
    let tensor = tensors[number]
    let type: DataType
    switch tensor.format {
    case .f32: type = .float32
    case .f16: type = .float16
    case .bf16: type = .bfloat16
    case .int8: type = .int8
    case .ternary: type = .ternary
    case .int4:
      throw .unsupported(
        "Tensor \"\(tensor.name)\" of \(file.path) holds 4-bit integers, which are not converted; convert the file that it was made from.")
    }
    let source = WeightSource(name: tensor.name, type: type, file: file, range: ranges[number])
    let isVector = tensor.rows == 1 && scale == nil
    let codes = Weight(source, shape: isVector ? [tensor.columns] : [tensor.rows, tensor.columns])
    guard let scale else { return codes }
    let numbers = WeightSource(name: tensors[scale].name, type: .float32, file: file, range: ranges[scale])
    let scales = Weight(numbers, shape: byRow ? [tensor.rows, 1] : [1, tensor.columns])
    guard let weight = Weight.dequantized(codes, zeros: nil, scales: scales, type: .float32) else {
      throw .malformed("Tensor \"\(tensor.name)\" of \(file.path) and its scale differ in length.")
    }
    return weight
  }
}
