import Quell

extension Program {
  /// The program of a model file, so that it can be written again in another form. Weights stay in the file.
  ///
  /// What scales the integers of a matrix becomes a part of its weights.
  init(_ model: Model, file: MappedFile) throws(ImportFailure) {
    let tensors = model.tensors
    var reader = ModelReader(model, file)
    var usedValues: [Int: Int] = [:]
    var usedTensors: [Int: Int] = [:]
    var scales: [Int: Int] = [:]
    for operation in model.operations {
      switch operation {
      case .linear(let matrix, _, _, let scale?, _), .row(let matrix, _, _, _, let scale?):
        scales[matrix] = model.values[scale].offset
      default: break
      }
    }
    func place(_ value: Int) -> Place {
      let found = model.values[value]
      return switch found.storage {
      case .state: .state(offset: found.offset, count: found.count)
      case .scratch: .buffer(0, start: found.offset, count: found.count)
      case .weight: .weight(tensor: found.offset)
      }
    }
    for operation in model.operations {
      operation.withoutScale.forEachValue { value, _ in
        if usedValues.updateValue(0, forKey: value) == nil, case .weight(let tensor) = place(value) { usedTensors[tensor] = 0 }
      }
      switch operation {
      case .linear(let tensor, _, _, _, _), .row(let tensor, _, _, _, _): usedTensors[tensor] = 0
      default: break
      }
    }
    for (number, tensor) in usedTensors.keys.sorted().enumerated() {
      usedTensors[tensor] = number
      let isVector = tensors[tensor].rows == 1 && scales[tensor] == nil && !model.operations.contains { $0.usesMatrix(tensor) }
      let weight = try reader.weight(tensor, scale: scales[tensor], byRow: !model.operations.contains { $0.readsByInput(tensor) })
      self.tensors.append(Tensor(name: tensors[tensor].name, weights: [weight], form: isVector ? .vector : .matrix))
    }
    for (number, value) in usedValues.keys.sorted().enumerated() {
      usedValues[value] = number
      let found = place(value)
      if case .weight(let tensor) = found { values.append(.weight(tensor: usedTensors[tensor]!)) } else { values.append(found) }
    }
    operations = model.operations.map { operation in
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
  mutating func weight(_ number: Int, scale: Int?, byRow: Bool) throws(ImportFailure) -> Weight {
    let tensor = tensors[number]
    let type: DataType
    switch tensor.format {
    case .f32: type = .float32
    case .f16: type = .float16
    case .bf16: type = .bfloat16
    case .int8: type = .int8
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

extension Operation {
  /// Whether the operation reads a tensor as a matrix or table.
  fileprivate func usesMatrix(_ tensor: Int) -> Bool {
    switch self {
    case .linear(let matrix, _, _, _, _), .row(let matrix, _, _, _, _): matrix == tensor
    default: false
    }
  }

  /// Whether the operation reads the tensor as a matrix with one row for each input.
  fileprivate func readsByInput(_ tensor: Int) -> Bool {
    if case .linear(tensor, .inputMajor, _, _, _) = self { true } else { false }
  }
}
