extension Rules {
  /// Products written as sums over named axes.
  static let einsums: [String: Rule] = [
    "Einsum": { call throws(ImportFailure) in [try einsum(call)] }
  ]

  /// A sum over named axes: of one tensor, or of the product of two.
  ///
  /// Axes are brought into the order [shared][rows][summed] and [shared][summed][columns], which is a matrix product.
  private static func einsum(_ call: Call) throws(ImportFailure) -> Tensor {
    let equation = call.string("equation", default: "").filter { $0 != " " }
    guard let arrow = equation.firstRange(of: "->"), !equation.contains(".") else {
      throw call.unsupported("has equation \"\(equation)\"; one without dots, and with a right side, is supported")
    }
    let terms = equation[..<arrow.lowerBound].split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
    let wanted = Array(equation[arrow.upperBound...])
    guard terms.count == call.inputs.count, terms.count == 2, (terms + [wanted]).allSatisfy({ Set($0).count == $0.count }) else {
      throw call.unsupported("has equation \"\(equation)\"; products of two tensors, each axis named once, are supported")
    }
    var lengths: [Character: Int] = [:]
    var tensors: [Tensor] = []
    for (index, term) in terms.enumerated() {
      let tensor = try call.input(index)
      guard tensor.shape.count == term.count else { throw call.malformed("has equation \"\(equation)\" for shape \(tensor.shape)") }
      for (name, length) in zip(term, tensor.shape) {
        guard lengths[name] ?? length == length else { throw call.inconsistent("gives axis \"\(name)\" two lengths") }
        lengths[name] = length
      }
      tensors.append(tensor)
    }
    guard wanted.allSatisfy({ lengths[$0] != nil }) else { throw call.malformed("has equation \"\(equation)\"") }
    let (left, right) = (terms[0], terms[1])
    let shared = wanted.filter { left.contains($0) && right.contains($0) }
    let rows = wanted.filter { left.contains($0) && !right.contains($0) }
    let columns = wanted.filter { right.contains($0) && !left.contains($0) }
    let summed = left.filter { right.contains($0) && !wanted.contains($0) }
    guard (left + right).allSatisfy({ wanted.contains($0) || summed.contains($0) }) else {
      throw call.unsupported("sums an axis of one tensor alone")
    }
    func length(_ names: [Character]) -> Int { names.map { lengths[$0] ?? 1 }.product }
    func matrix(_ index: Int, _ names: [Character], _ shape: [Int]) throws(ImportFailure) -> Tensor {
      let order = names.compactMap { terms[index].firstIndex(of: $0) }
      return try reshaped(tensors[index].moved { $0.transposed(order) } ?? tensors[index], to: shape, call)
    }
    let result = try product(
      try matrix(0, shared + rows + summed, [length(shared), length(rows), length(summed)]),
      try matrix(1, shared + summed + columns, [length(shared), length(summed), length(columns)]), call)
    let present = shared + rows + columns
    let wide = try reshaped(result, to: present.map { lengths[$0] ?? 1 }, call)
    return wide.moved { $0.transposed(wanted.compactMap { present.firstIndex(of: $0) }) } ?? wide
  }
}
