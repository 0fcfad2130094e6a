import Quell

/// How each tensor of a program is stored in the model file, and the scales that come with it.
struct StoragePlan {
  /// One for each tensor of the program.
  private(set) var writers: [MatrixWriter] = []
  /// Tensors of scales, which follow those of the program in the file: the matrix that each belongs to, and the scales.
  private(set) var scales: [(matrix: Int, scales: OutputScales)] = []
  /// What became of the weights.
  private(set) var storage: [ImportReport.Storage] = []

  /// Decides for all tensors of a program. Only quantised weights are looked at.
  init(_ program: Program, _ type: WeightType, _ workers: Workers) throws(ImportFailure) {
    var uses = [Use](repeating: Use(), count: program.tensors.count)
    var kind = ""
    for operation in program.operations {
      switch operation {
      case .events(let site, _): kind = program.siteKinds[site]
      case .linear(let matrix, let layout, let bias, _, _):
        uses[matrix].add(kind, layout == .inputMajor ? .columns : .rows)
        if bias != nil { uses[matrix].hasBias = true }
      case .row(let table, let source, _, _, _): uses[table].add(source == .token ? "embedding" : "positions", .rows)
      default: break
      }
    }
    for (number, tensor) in program.tensors.enumerated() {
      guard tensor.form == .matrix else {
        writers.append(MatrixWriter(name: tensor.name, weights: tensor.weights, type: .f32, scales: nil))
        continue
      }
      let (writer, isKept) = try StoragePlan.writer(tensor, type, uses[number], workers)
      writers.append(writer)
      if let found = writer.scales { scales.append((number, found)) }
      note(uses[number].kinds.joined(separator: "+"), tensor.storedNames, writer.type, isKept)
    }
  }

  /// Bytes of the source that go into the file.
  var sourceBytes: Int { writers.reduce(0) { $0 + $1.sourceBytes } }

  /// The scale of a matrix: its place among ``scales``.
  func scale(of matrix: Int) -> Int? { scales.firstIndex { $0.matrix == matrix } }

  private static func writer(
    _ tensor: Program.Tensor, _ type: WeightType, _ use: Use, _ workers: Workers
  ) throws(ImportFailure) -> (MatrixWriter, isKept: Bool) {
    let (name, weights, axis) = (tensor.name, tensor.weights, use.axis)
    if tensor.takesWholeBytes, type.keepsTernary, axis == .columns, let numbers = try TernaryScales.find(in: weights, workers) {
      // What is -1, 0 or 1 stands for itself, but where a bias is added, which is when sums are scaled.
      let areOnes = numbers.allSatisfy { $0 == 1 || $0 == 0 } && !use.hasBias
      let scales = areOnes ? nil : OutputScales(axis: axis, numbers: numbers)
      return (MatrixWriter(name: name, weights: weights, type: .ternary, scales: scales), true)
    }
    if type == .source || type == .int8, axis == .columns || weights.count == 1 {
      var (codes, numbers): ([Weight], [Float]) = ([], [])
      for weight in weights {
        guard let kept = try weight.keptIntegers(axis, workers) else { break }
        codes.append(kept.codes)
        numbers += kept.scales
      }
      if codes.count == weights.count {
        return (MatrixWriter(name: name, weights: codes, type: .int8, scales: OutputScales(axis: axis, numbers: numbers)), true)
      }
    }
    let format = type.format(of: weights)
    let count = axis == .rows ? weights[0].rowCount : weights.reduce(0) { $0 + $1.columnCount }
    let scales = format == .int8 ? OutputScales(axis: axis, count: count) : nil
    return (MatrixWriter(name: name, weights: weights, type: format, scales: scales), weights.allSatisfy { $0.holds(format) })
  }

  private mutating func note(_ kind: String, _ source: String, _ format: WeightFormat, _ isKept: Bool) {
    let new = ImportReport.Storage(kind: kind, matrices: 1, source: source, stored: "\(format)", isKept: isKept)
    for index in storage.indices where storage[index].isSame(as: new) {
      storage[index].matrices += 1
      return
    }
    storage.append(new)
  }

  /// What reads a matrix.
  private struct Use {
    var kinds: [String] = []
    var axis = OutputScales.Axis.rows
    var hasBias = false

    mutating func add(_ kind: String, _ axis: OutputScales.Axis) {
      if !kinds.contains(kind) { kinds.append(kind) }
      self.axis = axis
    }
  }
}

extension ImportReport.Storage {
  fileprivate func isSame(as other: ImportReport.Storage) -> Bool {
    kind == other.kind && source == other.source && stored == other.stored && isKept == other.isKept
  }
}

extension WeightType {
  /// Whether ternary numbers that meet whole numbers stay such: in two bits each, nothing of them is lost. Who asks for single precision
  /// gets it.
  fileprivate var keepsTernary: Bool { self != .f32 }

  /// The format for weights that are not kept as integers.
  fileprivate func format(of weights: [Weight]) -> WeightFormat {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .int8: .int8
    case .int4: weights.allSatisfy { $0.columnCount % WeightFormat.int4.blockCount == 0 } ? .int4 : .int8
    case .source:
      if weights.allSatisfy({ $0.type == .bfloat16 && $0.source.formula == nil }) {
        .bf16
      } else {
        weights.allSatisfy { $0.type == .float16 || $0.source.formula != nil } ? .f16 : .f32
      }
    }
  }
}

extension Program.Tensor {
  /// The types of the source for people.
  fileprivate var storedNames: String {
    var names: [String] = []
    for weight in weights where !names.contains(weight.storedName) { names.append(weight.storedName) }
    return names.joined(separator: "+")
  }
}

extension Weight {
  /// The source's type for people.
  fileprivate var storedName: String {
    switch source.formula?.codes.type ?? type {
    case .float32: "f32"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .float64: "f64"
    case let type: "\(type)"
    }
  }

  /// Whether a format of floats holds the numbers as they are.
  fileprivate func holds(_ format: WeightFormat) -> Bool {
    switch (type, format) {
    case (.float32, .f32), (.float16, .f16), (.float16, .f32), (.bfloat16, .bf16), (.bfloat16, .f32): source.formula == nil
    default: false
    }
  }
}
