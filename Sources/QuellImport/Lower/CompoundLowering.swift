import Quell

/// Products, softmaxes and means of computed numbers, which are several operations each.
extension Lowering {
  /// Numbers taken together group by group.
  ///
  /// Groups that lie across one another are reduced along the axis on which they lie, so that nothing is copied.
  mutating func lowerReduction(_ function: Reduction, _ source: [Element], group: Int, to result: Int) throws(ImportFailure) {
    let across = inner(source, group: group)
    let operand: Int
    if across > 1 {
      let blocks = source.count / group / across
      var elements: [Element] = []
      elements.reserveCapacity(source.count)
      for block in 0..<blocks {
        for step in 0..<group { for lane in 0..<across { elements.append(source[(block * across + lane) * group + step]) } }
      }
      operand = try self.operand(elements)
    } else {
      operand = try self.operand(source)
    }
    program.operations.append(.reduce(function, source: operand, inner: across, result: result))
  }

  /// How many groups lie across one another: side by side, element by element.
  private func inner(_ source: [Element], group: Int) -> Int {
    let groups = source.count / group
    guard group > 1, groups > 1, let first = location(source[0]), let next = location(source[1]), first.space == next.space,
      first.space != .known
    else { return 1 }
    let step = next.offset - first.offset
    guard step > 1, groups % step == 0 else { return 1 }
    for (index, element) in source.enumerated() {
      let (number, at) = (index / group, index % group)
      guard let place = location(element), place.space == first.space,
        place.offset == first.offset + (number / step * group + at) * step + number % step
      else { return 1 }
    }
    return step
  }

  mutating func lowerMean(_ source: [Element], group: Int, to result: Int) throws(ImportFailure) {
    let sums = temporary(source.count / group)
    try lowerReduction(.sum, source, group: group, to: sums)
    program.operations.append(.binary(.multiply, left: sums, right: constant([1 / Float(group)], named: "constant"), result: result))
  }

  /// e^(x - greatest) over the sum of these, group by group.
  mutating func lowerSoftmax(_ source: [Element], group: Int, to result: Int) throws(ImportFailure) {
    let operand = try operand(source)
    let groups = source.count / group
    let most = temporary(groups)
    program.operations.append(.reduce(.maximum, source: operand, inner: 1, result: most))
    let (distances, powers, sums) = (temporary(source.count), temporary(source.count), temporary(groups))
    program.operations.append(.binary(.subtract, left: operand, right: spread(most, over: group), result: distances))
    program.operations.append(.unary(.exponential, source: distances, result: powers))
    program.operations.append(.reduce(.sum, source: powers, inner: 1, result: sums))
    program.operations.append(.binary(.divide, left: powers, right: spread(sums, over: group), result: result))
  }

  /// Each element of a value `count` times; one alone serves all as it is.
  private mutating func spread(_ value: Int, over count: Int) -> Int {
    let groups = program.count(value)
    guard groups > 1 else { return value }
    let wide = temporary(groups * count)
    let order = Arrangement(rows: 1, columns: count, blockStep: 1, rowStep: 0, columnStep: 0)
    program.operations.append(.arrange(source: value, order, result: wide))
    return wide
  }

  /// A product of computed matrices: all products of elements, then their sums along the inner axis.
  mutating func lowerProduct(_ product: Trace.Product, to result: Int) throws(ImportFailure) {
    let (rows, inner, columns) = (product.rows, product.inner, product.columns)
    let count = product.batch * rows * inner * columns
    var (left, right): ([Element], [Element]) = ([], [])
    left.reserveCapacity(count)
    right.reserveCapacity(count)
    for matrix in 0..<product.batch {
      for row in 0..<rows {
        for step in 0..<inner {
          let (one, many) = ((matrix * rows + row) * inner + step, (matrix * inner + step) * columns)
          for column in 0..<columns {
            left.append(product.left[one])
            right.append(product.right[many + column])
          }
        }
      }
    }
    let operands = (try operand(left), try operand(right))
    let products = inner == 1 ? result : temporary(count)
    program.operations.append(.binary(.multiply, left: operands.0, right: operands.1, result: products))
    if inner > 1 { program.operations.append(.reduce(.sum, source: products, inner: columns, result: result)) }
  }
}
