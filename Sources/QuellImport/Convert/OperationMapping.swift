import Quell

extension Operation {
  /// The operation with other numbers for its values and tensors.
  func mapped(values: (Int) -> Int, tensors: (Int) -> Int) -> Operation {
    switch self {
    case .row(let table, let source, let add, let result, let scale):
      .row(table: tensors(table), source: source, add: add, result: values(result), scale: scale.map(values))
    case .copy(let source, let result):
      .copy(source: values(source), result: values(result))
    case .unary(let function, let source, let result):
      .unary(function, source: values(source), result: values(result))
    case .binary(let function, let left, let right, let result):
      .binary(function, left: values(left), right: values(right), result: values(result))
    case .normalize(let kind, let source, let gain, let bias, let epsilon, let result):
      .normalize(
        kind, source: values(source), gain: gain.map(values), bias: bias.map(values), epsilon: epsilon, result: values(result))
    case .events(let site, let source):
      .events(site: site, source: values(source))
    case .linear(let matrix, let layout, let bias, let scale, let result):
      .linear(matrix: tensors(matrix), layout: layout, bias: bias.map(values), scale: scale.map(values), result: values(result))
    case .attention(let query, let key, let value, let cache, let heads, let scale, let result):
      .attention(
        query: values(query), key: values(key), value: values(value), cache: cache, heads: heads, scale: scale, result: values(result))
    case .position(let result):
      .position(result: values(result))
    case .arrange(let source, let arrangement, let result):
      .arrange(source: values(source), arrangement, result: values(result))
    case .reduce(let function, let source, let inner, let result):
      .reduce(function, source: values(source), inner: inner, result: values(result))
    case .choose(let condition, let left, let right, let result):
      .choose(condition: values(condition), left: values(left), right: values(right), result: values(result))
    case .chain: self
    }
  }

  /// The operation without the scale of its matrix or table.
  var withoutScale: Operation {
    switch self {
    case .row(let table, let source, let add, let result, _): .row(table: table, source: source, add: add, result: result, scale: nil)
    case .linear(let matrix, let layout, let bias, _, let result):
      .linear(matrix: matrix, layout: layout, bias: bias, scale: nil, result: result)
    default: self
    }
  }
}
