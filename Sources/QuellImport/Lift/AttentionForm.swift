/// One row of an attention: what one head makes of one query.
struct AttentionRow {
  /// The scores, before their softmax.
  fileprivate var scores: [Element]
  /// Where in the product the row's results are, in order.
  fileprivate(set) var places: [Int] = []
  /// The query, by feature.
  fileprivate(set) var query: [Element] = []
  /// For each feature of the query the key's, at every position that is seen.
  fileprivate(set) var keys: [[Element]] = []
  /// For each result the number that is summed, at every position that is seen.
  fileprivate(set) var values: [[Element]] = []
  /// The factor between products and scores.
  fileprivate(set) var scale = 1.0

  /// How many positions the row sees, from the first on.
  var visible: Int { keys.first?.count ?? 0 }
}

/// One head of an attention over a cache.
struct AttentionHead {
  var query: [Element]
  /// What the step appends to the cache.
  var key: [Element]
  var value: [Element]
  var scale: Double
}

extension Trace {
  /// Scores this much below others vanish in the softmax.
  private static let masked = 1e4

  /// The rows of attention that a product of probabilities and values consists of, or nil where it is none.
  ///
  /// It looks at where each element comes from, so the order of axes, the place of the scale and masks without effect
  /// make no difference.
  func attentionRows(_ product: Product) -> [AttentionRow]? {
    var rows: [AttentionRow] = []
    var numbers: [Element: Int] = [:]
    for index in 0..<(product.batch * product.rows * product.columns) {
      let (left, right) = product.operands(of: index)
      guard let (row, column) = isSoftmax(left[0]) ? (left, right) : isSoftmax(right[0]) ? (right, left) : nil else { return nil }
      let number = numbers[row[0]] ?? rows.count
      if number == rows.count {
        guard let scores = scores(of: row) else { return nil }
        rows.append(AttentionRow(scores: scores))
        numbers[row[0]] = number
      }
      rows[number].places.append(index)
      rows[number].values.append(column)
    }
    // Where a row sees one position alone, which side is the query shows in rows that see more.
    let seen = rows.map { visible($0.scores) }
    var isQueryLeft: [Int32: Bool] = [:]
    for number in rows.indices.sorted(by: { seen[$0]?.elements.count ?? 0 > seen[$1]?.elements.count ?? 0 }) {
      guard let (elements, scale) = seen[number], let (query, keys) = query(elements, &isQueryLeft) else { return nil }
      rows[number].scale = scale
      rows[number].query = query
      rows[number].keys = query.indices.map { feature in keys.map { $0[feature] } }
      rows[number].values = rows[number].values.map { Array($0[..<elements.count]) }
    }
    return rows
  }

  /// The attention of several heads over one cache; nil where they share keys and values irregularly.
  static func attention(_ heads: [AttentionHead], number: Int) -> Attention? {
    guard let first = heads.first, heads.allSatisfy({ $0.scale == first.scale && $0.query.count == first.query.count }),
      heads.allSatisfy({ $0.value.count == first.value.count })
    else { return nil }
    var stored: [AttentionHead] = []
    var share: [Int] = []
    for head in heads {
      let place = stored.firstIndex { $0.key == head.key && $0.value == head.value }
      if place == nil { stored.append(head) }
      share.append(place ?? stored.count - 1)
    }
    guard share.indices.allSatisfy({ share[$0] == $0 * stored.count / heads.count }) else { return nil }
    return Attention(
      query: heads.flatMap { $0.query }, key: stored.flatMap { $0.key }, value: stored.flatMap { $0.value }, heads: heads.count,
      cacheHeads: stored.count, scale: Float(first.scale), number: number)
  }

  private func isSoftmax(_ element: Element) -> Bool {
    if case .softmax = values[Int(element.value)].source { true } else { false }
  }

  /// The scores of which a row of probabilities is the softmax.
  private func scores(of row: [Element]) -> [Element]? {
    let start = Int(row[0].index)
    guard case .softmax(let source, let group) = values[Int(row[0].value)].source, group == row.count, start % group == 0,
      row.enumerated().allSatisfy({ $0.element == Element(Int(row[0].value), start + $0.offset) })
    else { return nil }
    return Array(source[start..<(start + group)])
  }

  /// The scores that a mask leaves, which must be the first ones, less their scale and shift.
  private func visible(_ scores: [Element]) -> (elements: [Element], scale: Double)? {
    var forms: [(element: Element, scale: Double, shift: Double)] = []
    var top: (scale: Double, shift: Double)?
    for score in scores {
      var form = affine(score)
      if let number = known(form.element) {
        form = (form.element, 0, form.scale * number + form.shift)
      } else if top == nil || form.shift > top!.shift {
        top = (form.scale, form.shift)
      }
      forms.append(form)
    }
    guard let top else { return nil }
    let count = forms.firstIndex { $0.shift <= top.shift - Trace.masked } ?? forms.count
    guard count > 0, forms[..<count].allSatisfy({ $0.scale == top.scale && $0.shift == top.shift }),
      forms[count...].allSatisfy({ $0.shift <= top.shift - Trace.masked })
    else { return nil }
    return (forms[..<count].map { $0.element }, top.scale)
  }

  /// The query that all of a row's products share, and the keys that they do not.
  private func query(_ scores: [Element], _ isQueryLeft: inout [Int32: Bool]) -> (query: [Element], keys: [[Element]])? {
    var sides: [(left: [Element], right: [Element])] = []
    for score in scores {
      guard case .product(let product) = values[Int(score.value)].source else { return nil }
      sides.append(product.operands(of: Int(score.index)))
    }
    let (left, right) = sides[0]
    let isLeft: Bool
    if sides.count > 1 {
      isLeft = left == sides[1].left || left == sides[1].right
      isQueryLeft[scores[0].value] = isLeft
    } else {
      guard let known = isQueryLeft[scores[0].value] else { return nil }
      isLeft = known
    }
    let query = isLeft ? left : right
    var keys = [isLeft ? right : left]
    for side in sides.dropFirst() {
      guard query == side.left || query == side.right else { return nil }
      keys.append(query == side.left ? side.right : side.left)
    }
    return (query, keys)
  }

  /// An element as scale times another plus shift, through multiplications and masks by known numbers.
  func affine(_ element: Element) -> (element: Element, scale: Double, shift: Double) {
    var element = element
    var (scale, shift) = (1.0, 0.0)
    while case .binary(let function, let left, let right) = values[Int(element.value)].source {
      let (a, b) = (left[Int(element.index)], right[Int(element.index)])
      let (x, y) = (known(a), known(b))
      switch (function, x, y) {
      case (.multiply, _, let y?): (element, scale) = (a, scale * y)
      case (.multiply, let x?, _): (element, scale) = (b, scale * x)
      case (.divide, _, let y?): (element, scale) = (a, scale / y)
      case (.add, _, let y?): (element, shift) = (a, shift + scale * y)
      case (.add, let x?, _): (element, shift) = (b, shift + scale * x)
      case (.subtract, _, let y?): (element, shift) = (a, shift - scale * y)
      // The least finite number as a floor keeps every score that is one.
      case (.maximum, _, let y?) where y <= -1e30: element = a
      case (.maximum, let x?, _) where x <= -1e30: element = b
      default: return (element, scale, shift)
      }
    }
    return (element, scale, shift)
  }
}

extension Trace.Product {
  /// The two vectors whose dot product an element is.
  fileprivate func operands(of index: Int) -> ([Element], [Element]) {
    let (column, row, matrix) = (index % columns, index / columns % rows, index / columns / rows)
    let start = (matrix * rows + row) * inner
    return (Array(left[start..<(start + inner)]), (0..<inner).map { right[(matrix * inner + $0) * columns + column] })
  }
}
