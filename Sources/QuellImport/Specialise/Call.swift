/// A node about to be run in one lane.
struct Call {
  let node: ONNXNode
  /// The node's number, by which messages find it again.
  let number: Int
  /// The version of the standard operator set.
  let opset: Int
  /// The inputs, nil where an optional one is left out.
  let inputs: [Tensor?]
  let lane: Lane
  /// Reads the tensors that nodes carry.
  let reader: TensorReader

  /// No tensor but a lazy weight may have more elements than this.
  static let mostElements = 1 << 26

  // MARK: Operands

  /// An input that must be there.
  func input(_ index: Int) throws(ImportFailure) -> Tensor {
    guard let tensor = optionalInput(index) else { throw malformed("lacks input \(index)") }
    return tensor
  }

  /// An input that may be left out.
  func optionalInput(_ index: Int) -> Tensor? {
    index < inputs.count ? inputs[index] : nil
  }

  /// An input that must hold known whole numbers.
  func integers(_ index: Int, _ what: String) throws(ImportFailure) -> [Int] {
    guard let values = try input(index).knownIntegers else {
      throw unsupported("has \(what) that depend on the token or on computed values")
    }
    return values
  }

  /// Whole numbers that older operator sets give as an attribute and newer ones as an input, or nil.
  func integers(attribute name: String, orInput index: Int) throws(ImportFailure) -> [Int]? {
    if let values = ints(name) { return values }
    guard optionalInput(index) != nil else { return nil }
    return try integers(index, name)
  }

  // MARK: Attributes

  func int(_ name: String, default value: Int) -> Int {
    attribute(name) { if case .int(let number) = $0 { Int(truncatingIfNeeded: number) } else { nil } } ?? value
  }

  func float(_ name: String, default value: Float) -> Float {
    attribute(name) { if case .float(let number) = $0 { number } else { nil } } ?? value
  }

  func string(_ name: String, default value: String) -> String {
    attribute(name) { if case .string(let text) = $0 { text } else { nil } } ?? value
  }

  func ints(_ name: String) -> [Int]? {
    attribute(name) { if case .ints(let numbers) = $0 { numbers.map { Int(truncatingIfNeeded: $0) } } else { nil } }
  }

  /// The attribute's value, nil where it is left out. One of another kind is noted, and fails the node after its rule.
  private func attribute<Value>(_ name: String, _ value: (ONNXAttribute) -> Value?) -> Value? {
    guard let attribute = node.attributes[name] else { return nil }
    let result = value(attribute)
    if result == nil { lane.wrongAttribute = name }
    return result
  }

  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) throws(ImportFailure) -> Int {
    guard axis >= -rank, axis < rank else { throw malformed("has axis \(axis), but its input has \(rank) axes") }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Results

  /// How many elements a shape has, where that is not too many.
  @discardableResult
  func checked(_ shape: [Int]) throws(ImportFailure) -> Int {
    var count = 1
    for axis in shape {
      guard axis >= 0 else { throw malformed("has a result of negative length") }
      let (product, overflow) = count.multipliedReportingOverflow(by: axis)
      guard !overflow, product <= Call.mostElements else { throw unsupported("has a result of shape \(shape), which is too large") }
      count = product
    }
    lane.budget -= count
    guard lane.budget >= 0 else { throw unsupported("makes more numbers than a model of this size should need") }
    return count
  }

  /// The shape that all inputs broadcast to.
  func broadcast(_ tensors: [Tensor]) throws(ImportFailure) -> [Int] {
    var shape: [Int] = []
    for tensor in tensors {
      guard let wider = broadcastShape(shape, tensor.shape) else {
        throw inconsistent("has inputs of shapes \(tensors.map { $0.shape }) that do not broadcast")
      }
      shape = wider
    }
    try checked(shape)
    return shape
  }

  /// A computed tensor.
  func dynamic(_ elements: [Element], shape: [Int], type: DataType) -> Tensor {
    .dynamic(Tensor.Dynamic(shape: shape, elements: elements, type: type))
  }

  /// A result that no operation can compute.
  func opaque(shape: [Int], type: DataType, _ reason: String) -> Tensor {
    lane.opaque(shape: shape, type: type, node: number, reason: "\(node.title) \(reason).")
  }

  func malformed(_ what: String) -> ImportFailure { .malformed("\(node.title) \(what).") }

  /// A failure of shapes that do not fit together: the file's own fault, or that of lengths that its exporter fixed.
  func inconsistent(_ what: String) -> ImportFailure {
    .unsupported(
      "\(node.title) \(what) when one token follows \(lane.past) others; "
        + "export one decoding step whose caches have an axis of open length.")
  }

  func unsupported(_ what: String) -> ImportFailure { .unsupported("\(node.title) \(what).") }
}
