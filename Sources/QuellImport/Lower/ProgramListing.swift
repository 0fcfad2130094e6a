import Quell

extension Program {
  /// The program in words: one line for each operation, `result = operation operands`.
  var listing: [String] {
    operations.map { operation in
      let words: String
      switch operation {
      case .row(let table, let source, let add, _):
        let index = source == .token ? "token" : "position"
        words = "row \(tensors[table].name)[\(index)\(add == 0 ? "" : " + \(add)")]"
      case .copy(let source, _): words = "copy \(name(source))"
      case .unary(let function, let source, _): words = "\(function) \(name(source))"
      case .binary(let function, let left, let right, _): words = "\(function) \(name(left)), \(name(right))"
      case .normalize(_, let source, let gain, let bias, let epsilon, _):
        words = "normalize \(name(source)), gain \(name(gain)), bias \(name(bias)), epsilon \(epsilon)"
      case .events(let site, let source): words = "events \(siteNames[site]) of \(name(source))"
      case .linear(let matrix, let layout, let bias, _):
        words = "linear \(tensors[matrix].name) (\(layout)), bias \(name(bias))"
      case .attention(let query, let key, let value, let cache, let heads, let scale, _):
        words =
          "attention query \(name(query)), key \(name(key)), value \(name(value)), cache \(cache), heads \(heads), scale \(scale)"
      }
      return operation.writes.map { "\(name($0)) = \(words)" } ?? words
    }
  }

  private func name(_ value: Int?) -> String {
    guard let value else { return "none" }
    switch values[value] {
    case .weight(let tensor): return tensors[tensor].name
    case .state(let offset, let count): return "state[\(offset)..<\(offset + count)]"
    case .buffer(let buffer, let start, let count):
      let part = start == 0 && count == buffers[buffer] ? "" : "[\(start)..<\(start + count)]"
      return "v\(buffer)\(part)"
    }
  }
}
