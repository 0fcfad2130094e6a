import Quell

/// A model's program as text, one operation a line.
///
/// Values are written `state[first..<end]`, `scratch[first..<end]`, or by the names of their tensors.
struct ProgramListing {
  private let model: Model
  private let tensorNames: [String]
  private let values: [Value]

  init(_ model: Model) {
    self.model = model
    tensorNames = model.tensors.map(\.name)
    values = model.values
  }

  /// The lines.
  var lines: [String] {
    let siteNames = model.sites.map(\.name)
    return model.operations.map { line($0, siteNames) }
  }

  private func line(_ operation: Operation, _ siteNames: [String]) -> String {
    switch operation {
    case .row(let table, let source, let add, let result, let scale):
      let row = add == 0 ? "\(source)" : "\(source) + \(add)"
      return "\(name(result)) = row \(tensorNames[table])[\(row)]" + scaled(by: scale)
    case .copy(let source, let result):
      return "\(name(result)) = \(name(source))"
    case .unary(let function, let source, let result):
      return "\(name(result)) = \(function) \(name(source))"
    case .binary(let function, let left, let right, let result):
      return "\(name(result)) = \(function) \(name(left)), \(name(right))"
    case .normalize(let kind, let source, let gain, let bias, let epsilon, let result):
      return "\(name(result)) = normalize \(kind) \(name(source)), gain \(name(gain)), bias \(name(bias)), epsilon \(epsilon)"
    case .events(let site, let source):
      return "events \(siteNames[site]) of \(name(source))"
    case .linear(let matrix, let layout, let bias, let scale, let result):
      return "\(name(result)) = linear \(tensorNames[matrix]) (\(layout)), bias \(name(bias))" + scaled(by: scale)
    case .attention(let query, let key, let value, let cache, let heads, let scale, let result):
      return "\(name(result)) = attention \(name(query)), \(name(key)), \(name(value)), cache \(cache), heads \(heads), scale \(scale)"
    case .chain(let count, let elements):
      return "chain of the next \(count) operations over \(elements) elements"
    case .position(let result):
      return "\(name(result)) = position"
    case .arrange(let source, let order, let result):
      let steps = "\(order.blockStep), \(order.rowStep), \(order.columnStep)"
      return "\(name(result)) = arrange \(name(source)), rows \(order.rows), columns \(order.columns), steps \(steps)"
    case .reduce(let function, let source, let inner, let result):
      return "\(name(result)) = reduce \(function) \(name(source)), inner \(inner)"
    case .choose(let condition, let left, let right, let result):
      return "\(name(result)) = choose \(name(left)) where \(name(condition)) > 0, else \(name(right))"
    }
  }

  private func scaled(by scale: Int?) -> String { scale == nil ? "" : ", scale \(name(scale))" }

  private func name(_ index: Int?) -> String {
    guard let index else { return "none" }
    let value = values[index]
    switch value.storage {
    case .weight: return tensorNames[value.offset]
    case .state: return "state[\(value.offset)..<\(value.offset + value.count)]"
    case .scratch: return "scratch[\(value.offset)..<\(value.offset + value.count)]"
    }
  }
}
