/// How the elements of a tensor lie in a store: an element is at `offset` plus the sum of index times stride.
///
/// Reshaping, transposing, slicing and broadcasting change the layout and leave the store alone.
struct Layout: Hashable, Sendable {
  private(set) var shape: [Int]
  private(set) var strides: [Int]
  private(set) var offset: Int

  /// Row-major order without gaps.
  init(contiguous shape: [Int]) {
    self.shape = shape
    strides = Layout.rowMajor(shape)
    offset = 0
  }

  /// Elements a stride apart along each axis, the first at an offset.
  init(shape: [Int], strides: [Int], offset: Int) {
    self.shape = shape
    self.strides = strides
    self.offset = offset
  }

  private static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] &* max(shape[axis + 1], 1)
    }
    return strides
  }

  /// How many elements there are.
  var count: Int { shape.product }

  /// Whether the elements lie in row-major order without gaps.
  var isContiguous: Bool {
    let expected = Layout.rowMajor(shape)
    return shape.indices.allSatisfy { shape[$0] <= 1 || strides[$0] == expected[$0] }
  }

  /// Axis `i` of the result is axis `permutation[i]`.
  func transposed(_ permutation: [Int]) -> Layout {
    var result = self
    result.shape = permutation.map { shape[$0] }
    result.strides = permutation.map { strides[$0] }
    return result
  }

  /// `count` elements of an axis from `start`, `step` apart.
  func sliced(axis: Int, start: Int, count: Int, step: Int = 1) -> Layout {
    var result = self
    result.shape[axis] = count
    if count > 0 { result.offset += start * strides[axis] }
    result.strides[axis] *= step
    return result
  }

  /// Repeats axes of length 1, and adds axes in front, to reach a shape.
  func broadcast(to target: [Int]) -> Layout? {
    let added = target.count - shape.count
    guard added >= 0 else { return nil }
    var result = self
    result.shape = target
    result.strides = [Int](repeating: 0, count: added) + strides
    for axis in shape.indices where shape[axis] != target[added + axis] {
      guard shape[axis] == 1 else { return nil }
      result.strides[added + axis] = 0
    }
    return result
  }

  /// The same elements in the same order under another shape, or nil where that needs a copy.
  func reshaped(_ target: [Int]) -> Layout? {
    var result = self
    result.shape = target
    if isContiguous {
      result.strides = Layout.rowMajor(target)
      return result
    }
    // Not contiguous: only axes of length 1 can come and go.
    let long = shape.indices.filter { shape[$0] != 1 }
    let wanted = target.indices.filter { target[$0] != 1 }
    guard long.map({ shape[$0] }) == wanted.map({ target[$0] }) else { return nil }
    result.strides = [Int](repeating: 0, count: target.count)
    for (from, to) in zip(long, wanted) { result.strides[to] = strides[from] }
    return result
  }

  /// An axis cut into blocks: the axis counts blocks, and a new one behind it the elements of a block.
  ///
  /// The last block may reach beyond the axis; its elements there must not be read.
  func blocked(axis: Int, by block: Int) -> Layout {
    var result = self
    result.shape[axis] = (shape[axis] + block - 1) / block
    result.strides[axis] *= block
    result.shape.insert(block, at: axis + 1)
    result.strides.insert(strides[axis], at: axis + 1)
    return result
  }

  /// The same elements further on in the store.
  func moved(by distance: Int) -> Layout {
    var result = self
    result.offset += distance
    return result
  }

  /// Calls `body` with the place of each element, in row-major order.
  func forEachOffset(_ body: (Int) -> Void) {
    guard count > 0 else { return }
    guard let last = shape.indices.last else { return body(offset) }
    var index = [Int](repeating: 0, count: shape.count)
    var at = offset
    while true {
      var element = at
      for _ in 0..<shape[last] {
        body(element)
        element += strides[last]
      }
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        at += strides[axis]
        if index[axis] < shape[axis] { break }
        at -= index[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// The place of each element, in row-major order.
  var offsets: [Int] {
    var result: [Int] = []
    result.reserveCapacity(count)
    forEachOffset { result.append($0) }
    return result
  }
}

extension [Int] {
  /// The product of all, wrapping: shapes are checked where they come from.
  var product: Int { reduce(1, &*) }

  /// The product of lengths, or nil where one is negative or the product too large to count.
  var checkedProduct: Int? {
    var product = 1
    for length in self {
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { return nil }
      product = next
    }
    return product
  }
}
