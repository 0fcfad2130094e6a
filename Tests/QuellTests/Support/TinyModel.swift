import Foundation
import RandomNumbers

@testable import Quell

/// A small recurrent model with one of every operation, random weights, and a slow, obvious twin of it in double precision.
///
///     x = embedding[token] + positions[position];  n = layernorm(x)
///     mixed = n * mix + previous * (1 - mix);      previous = n
///     h = relu(W1 mixed + b1);  h2 = h * h;        x = x + W2 h2
///     q, k, v = Wq n, Wk n, Wv n;                  x = x + attention(q, k, v)
///     logits = embedding · x                       (tied, output-major)
struct TinyModel {
  static let vocabulary = 11
  static let width = 12
  /// A whole block of 4-bit integers.
  static let hidden = 32
  static let context = 9
  static let heads = 3

  var random = SplitMix(state: 1)
  var file = FileBuilder()
  var weights: [String: [Float]] = [:]
  private var scales: [FileBuilder.Tensor] = []
  let format: WeightFormat

  /// Matrices and tables are stored in the format, where their rows are whole blocks of it, and are rounded in the twin too.
  init(format: WeightFormat = .f32) {
    self.format = format
    let (v, d, h, c) = (TinyModel.vocabulary, TinyModel.width, TinyModel.hidden, TinyModel.context)
    matrix("embedding", rows: v, columns: d, scaling: .byRow)
    matrix("positions", rows: c + 2, columns: d, scaling: .byRow)
    vector("gain", d)
    vector("bias", d)
    vector("mix", d)
    vector("rest", d)
    weights["rest"] = weights["mix"]!.map { 1 - $0 }
    file.tensors[5] = .f32("rest", [d], weights["rest"]!)
    matrix("W1", rows: d, columns: h)
    vector("b1", h)
    matrix("W2", rows: h, columns: d)
    matrix("Wq", rows: d, columns: d)
    matrix("Wk", rows: d, columns: d)
    matrix("Wv", rows: d, columns: d)
    file.tensors += scales

    var values: [Value] = []
    var scratch = 0
    func weight(_ name: String) -> Int { append(Value(storage: .weight, offset: tensor(name), count: weights[name]!.count)) }
    func temporary(_ count: Int) -> Int {
      defer { scratch += count }
      return append(Value(storage: .scratch, offset: scratch, count: count))
    }
    func scale(_ name: String) -> Int? { weights[name + ".scale"].map { _ in weight(name + ".scale") } }
    func append(_ value: Value) -> Int {
      values.append(value)
      return values.count - 1
    }
    func tensor(_ name: String) -> Int { file.tensors.firstIndex { $0.name == name }! }
    let previous = append(Value(storage: .state, offset: 0, count: d))
    let (x, place, n, mixed) = (temporary(d), temporary(d), temporary(d), temporary(d))
    let (old, hiddenValue, delta) = (temporary(d), temporary(h), temporary(d))
    let (q, k, a) = (temporary(d), temporary(d), temporary(d))
    let logits = temporary(v)
    let operations: [Quell.Operation] = [
      .row(table: tensor("embedding"), source: .token, add: 0, result: x, scale: scale("embedding")),
      .row(table: tensor("positions"), source: .position, add: 2, result: place, scale: scale("positions")),
      .binary(.add, left: x, right: place, result: x),
      .normalize(.layer, source: x, gain: weight("gain"), bias: weight("bias"), epsilon: 1e-5, result: n),
      .binary(.multiply, left: n, right: weight("mix"), result: mixed),
      .binary(.multiply, left: previous, right: weight("rest"), result: old),
      .binary(.add, left: mixed, right: old, result: mixed),
      .copy(source: n, result: previous),
      .events(site: 0, source: mixed),
      .linear(matrix: tensor("W1"), layout: .inputMajor, bias: weight("b1"), scale: scale("W1"), result: hiddenValue),
      .unary(.relu, source: hiddenValue, result: hiddenValue),
      .binary(.multiply, left: hiddenValue, right: hiddenValue, result: hiddenValue),
      .events(site: 1, source: hiddenValue),
      .linear(matrix: tensor("W2"), layout: .inputMajor, bias: nil, scale: scale("W2"), result: delta),
      .binary(.add, left: x, right: delta, result: x),
      .events(site: 2, source: n),
      .linear(matrix: tensor("Wq"), layout: .inputMajor, bias: nil, scale: scale("Wq"), result: q),
      .linear(matrix: tensor("Wk"), layout: .inputMajor, bias: nil, scale: scale("Wk"), result: k),
      .linear(matrix: tensor("Wv"), layout: .inputMajor, bias: nil, scale: scale("Wv"), result: delta),
      .attention(query: q, key: k, value: delta, cache: 0, heads: TinyModel.heads, scale: 0.5, result: a),
      .binary(.add, left: x, right: a, result: x),
      .events(site: 3, source: x),
      .linear(matrix: tensor("embedding"), layout: .outputMajor, bias: nil, scale: scale("embedding"), result: logits),
    ]
    file["general.architecture"] = .string("quell")
    file["general.alignment"] = .uint32(64)
    file["general.name"] = .string("tiny")
    file["quell.version"] = .uint32(1)
    file["quell.vocabulary_size"] = .uint32(UInt32(v))
    file["quell.context_length"] = .uint32(UInt32(c))
    file["quell.state_size"] = .uint32(UInt32(d))
    file["quell.scratch_size"] = .uint32(UInt32(scratch))
    file["quell.state_fill"] = .uint32s([2, 3, Float(0.25).bitPattern])
    file["quell.caches"] = .uint32s([UInt32(d), UInt32(d), UInt32(TinyModel.heads)])
    file["quell.logits"] = .uint32(UInt32(logits))
    file["quell.sites"] = .strings(["block.key", "block.value", "block.attention", "head"])
    file["quell.site_kinds"] = .strings(["key", "value", "attention", "head"])
    file["quell.thresholds"] = .float32s([0, 0, 0, 0])
    set(values)
    set(operations)
  }

  mutating func set(_ values: [Value]) {
    file["quell.values"] = .uint32s(values.flatMap { [$0.storage.rawValue, UInt32($0.offset), UInt32($0.count)] })
  }

  mutating func set(_ operations: [Quell.Operation]) {
    var words: [UInt32] = []
    for operation in operations { operation.encode { words.append($0) } }
    file["quell.operations"] = .uint32s(words)
  }

  private mutating func matrix(_ name: String, rows: Int, columns: Int, scaling: StoredMatrix.Scaling = .byColumn) {
    let numbers = (0..<rows * columns).map { _ in random.nextFloat() }
    let format = StoredMatrix.allows(format, columns: columns) ? format : .f32
    let stored = StoredMatrix(numbers, columns: columns, format: format, scaling: scaling)
    weights[name] = stored.numbers
    file.tensors.append(.matrix(name, stored))
    guard let scale = stored.scale else { return }
    weights[name + ".scale"] = scale
    scales.append(.f32(name + ".scale", [scale.count], scale))
  }

  private mutating func vector(_ name: String, _ count: Int) {
    weights[name] = (0..<count).map { _ in random.nextFloat() }
    file.tensors.append(.f32(name, [count], weights[name]!))
  }

  // MARK: The twin

  /// The logits after each token, with a threshold at each of the four sites.
  func reference(_ tokens: [UInt32], thresholds: [Float] = [0, 0, 0, 0]) -> [[Double]] {
    let (d, h) = (TinyModel.width, TinyModel.hidden)
    func w(_ name: String, _ index: Int) -> Double { Double(weights[name]![index]) }
    func apply(_ name: String, _ x: [Double], _ outputs: Int, site: Int) -> [Double] {
      (0..<outputs).map { o in
        (0..<x.count).reduce(0) { abs(x[$1]) > Double(thresholds[site]) ? $0 + x[$1] * w(name, $1 * outputs + o) : $0 }
      }
    }
    var previous = (0..<d).map { (2..<5).contains($0) ? 0.25 : 0.0 }
    var keys: [[Double]] = []
    var cached: [[Double]] = []
    return tokens.enumerated().map { position, token in
      var x = (0..<d).map { w("embedding", Int(token) * d + $0) + w("positions", (position + 2) * d + $0) }
      let mean = x.reduce(0, +) / Double(d)
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(d)
      let n = (0..<d).map { (x[$0] - mean) / (variance + 1e-5).squareRoot() * w("gain", $0) + w("bias", $0) }
      let mixed = (0..<d).map { n[$0] * w("mix", $0) + previous[$0] * w("rest", $0) }
      previous = n
      let first = apply("W1", mixed, h, site: 0)
      let squared = (0..<h).map { pow(max(0, first[$0] + w("b1", $0)), 2) }
      let second = apply("W2", squared, d, site: 1)
      let q = apply("Wq", n, d, site: 2)
      keys.append(apply("Wk", n, d, site: 2))
      cached.append(apply("Wv", n, d, site: 2))
      let size = d / TinyModel.heads
      for head in 0..<TinyModel.heads {
        let range = head * size..<(head + 1) * size
        let scores = keys.map { key in exp(0.5 * range.reduce(0) { $0 + q[$1] * key[$1] }) }
        for i in range { x[i] += zip(scores, cached).reduce(0) { $0 + $1.0 * $1.1[i] } / scores.reduce(0, +) }
      }
      for i in 0..<d { x[i] += second[i] }
      return (0..<TinyModel.vocabulary).map { token in
        (0..<d).reduce(0) { abs(x[$1]) > Double(thresholds[3]) ? $0 + x[$1] * w("embedding", token * d + $1) : $0 }
      }
    }
  }
}
