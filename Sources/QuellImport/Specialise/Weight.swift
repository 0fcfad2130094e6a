/// A tensor of known numbers: a layout over a source. Nothing is copied until somebody asks for the numbers.
struct Weight: Hashable, Sendable {
  let source: WeightSource
  var layout: Layout

  /// All of a source, under a shape.
  init(_ source: WeightSource, shape: [Int]) {
    self.source = source
    layout = Layout(contiguous: shape)
  }

  /// Elements of a source that lie as a layout says, all of them inside the source.
  init(_ source: WeightSource, layout: Layout) {
    self.source = source
    self.layout = layout
  }

  /// Numbers of our own.
  init(_ values: [Double], shape: [Int], type: DataType, name: String = "") {
    self.init(WeightSource(name: name, type: type, values: values), shape: shape)
  }

  var shape: [Int] { layout.shape }
  var count: Int { layout.count }
  var type: DataType { source.type }

  /// The numbers, in row-major order.
  var values: [Double] {
    var result: [Double] = []
    result.reserveCapacity(count)
    layout.forEachOffset { result.append(source.real($0)) }
    return result
  }

  /// The number that all elements are, or nil where they differ.
  var uniformValue: Double? {
    guard count > 0 else { return nil }
    let first = self[0]
    for index in 1..<max(count, 1) where self[index] != first { return nil }
    return first
  }
}
