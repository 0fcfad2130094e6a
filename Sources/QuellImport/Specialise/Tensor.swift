/// One number that the program computes: which vector it belongs to, and where in it.
struct Element: Hashable, Sendable {
  /// The value of the trace.
  var value: Int32
  /// The place in the value.
  var index: Int32

  init(_ value: Int, _ index: Int) {
    self.value = Int32(truncatingIfNeeded: value)
    self.index = Int32(truncatingIfNeeded: index)
  }
}

/// What is known of a tensor when the graph is fixed to one sequence, one token and one past length.
enum Tensor {
  /// Known whole numbers: shapes, positions, masks, truth values.
  case integers(Integers)
  /// Known real numbers.
  case reals(Weight)
  /// Known whole numbers of few bits, as quantised weights are: left where they lie, like real ones.
  case codes(Weight)
  /// Numbers of which only the origin is known, element by element.
  case dynamic(Dynamic)

  /// Known whole numbers, row-major.
  struct Integers: Equatable {
    var shape: [Int]
    var values: [Int64]
    var type: DataType
  }

  /// The origin of every element, row-major.
  struct Dynamic {
    var shape: [Int]
    var elements: [Element]
    var type: DataType
  }

  /// A known number without axes.
  static func integer(_ value: Int) -> Tensor {
    .integers(Integers(shape: [], values: [Int64(value)], type: .int64))
  }

  /// A known list of numbers.
  static func vector(_ values: [Int]) -> Tensor {
    .integers(Integers(shape: [values.count], values: values.map { Int64($0) }, type: .int64))
  }

  /// Known truth values.
  static func truths(_ values: [Bool], shape: [Int]) -> Tensor {
    .integers(Integers(shape: shape, values: values.map { $0 ? 1 : 0 }, type: .bool))
  }

  var shape: [Int] {
    switch self {
    case .integers(let tensor): tensor.shape
    case .reals(let weight), .codes(let weight): weight.shape
    case .dynamic(let tensor): tensor.shape
    }
  }

  var type: DataType {
    switch self {
    case .integers(let tensor): tensor.type
    case .reals(let weight), .codes(let weight): weight.type
    case .dynamic(let tensor): tensor.type
    }
  }

  var count: Int { shape.product }

  var isKnown: Bool {
    if case .dynamic = self { false } else { true }
  }

  /// The view of stored numbers that the tensor is, where it is one.
  var stored: Weight? {
    switch self {
    case .reals(let weight), .codes(let weight): weight
    case .integers, .dynamic: nil
    }
  }

  /// The numbers of a known tensor, as reals.
  var knownReals: [Double]? {
    switch self {
    case .integers(let tensor): tensor.values.map { Double($0) }
    case .reals(let weight), .codes(let weight): weight.values
    case .dynamic: nil
    }
  }

  /// The numbers of a known tensor of whole numbers.
  var knownIntegers: [Int]? {
    if case .integers(let tensor) = counted { tensor.values.map { Int(truncatingIfNeeded: $0) } } else { nil }
  }

  /// The tensor with whole numbers of few bits read out, for what computes with them.
  var counted: Tensor {
    guard case .codes(let weight) = self else { return self }
    return .integers(Integers(shape: weight.shape, values: weight.values.map { Int64($0) }, type: weight.type))
  }

  /// The same numbers under another layout, read out in row-major order first where `change` of the present one is nil.
  private static func moved(_ weight: Weight, _ change: (Layout) -> Layout?) -> Weight? {
    var weight = weight
    if let layout = change(weight.layout) {
      weight.layout = layout
      return weight
    }
    weight = Weight(weight.values, shape: weight.shape, type: weight.type, name: weight.source.name)
    guard let layout = change(weight.layout) else { return nil }
    weight.layout = layout
    return weight
  }

  /// Whether two known tensors are the same, so that what is made of one need not be made of the other again.
  func isSame(as other: Tensor) -> Bool {
    switch (self, other) {
    case (.integers(let left), .integers(let right)): left == right
    case (.reals(let left), .reals(let right)), (.codes(let left), .codes(let right)): left == right
    default: false
    }
  }

  /// The same elements moved by a change of layout.
  ///
  /// `change` gets the present layout; nil from it means that the elements must lie in row-major order first.
  func moved(_ change: (Layout) -> Layout?) -> Tensor? {
    switch self {
    case .integers(let tensor):
      guard let layout = change(Layout(contiguous: tensor.shape)) else { return nil }
      return .integers(Integers(shape: layout.shape, values: layout.offsets.map { tensor.values[$0] }, type: tensor.type))
    case .dynamic(let tensor):
      guard let layout = change(Layout(contiguous: tensor.shape)) else { return nil }
      // A change of shape alone leaves the elements where they are.
      let isInOrder = layout.isContiguous && layout.offset == 0 && layout.count == tensor.elements.count
      let elements = isInOrder ? tensor.elements : layout.offsets.map { tensor.elements[$0] }
      return .dynamic(Dynamic(shape: layout.shape, elements: elements, type: tensor.type))
    case .reals(let weight): return Tensor.moved(weight, change).map { .reals($0) }
    case .codes(let weight): return Tensor.moved(weight, change).map { .codes($0) }
    }
  }
}

/// The shape that two shapes broadcast to, or nil where they do not.
func broadcastShape(_ left: [Int], _ right: [Int]) -> [Int]? {
  let rank = max(left.count, right.count)
  var result = [Int](repeating: 1, count: rank)
  for axis in 0..<rank {
    let a = axis < rank - left.count ? 1 : left[axis - (rank - left.count)]
    let b = axis < rank - right.count ? 1 : right[axis - (rank - right.count)]
    guard a == b || a == 1 || b == 1 else { return nil }
    result[axis] = a == 1 ? b : a
  }
  return result
}
