import Testing

@testable import Quell

/// A matrix in one layout and one format, and its bytes.
private final class Matrix {
  let layout: MatrixLayout
  let stored: StoredMatrix
  private let bytes: AlignedBytes

  /// `numbers` has one row per input. Nil where the format cannot store such rows.
  init?(_ numbers: [Float], inputs: Int, outputs: Int, _ layout: MatrixLayout, _ format: WeightFormat) {
    let columns = layout == .inputMajor ? outputs : inputs
    guard StoredMatrix.allows(format, columns: columns) else { return nil }
    self.layout = layout
    let ordered =
      layout == .inputMajor
      ? numbers : (0..<outputs).flatMap { output in (0..<inputs).map { numbers[$0 * outputs + output] } }
    stored = StoredMatrix(ordered, columns: columns, format: format, scaling: layout == .inputMajor ? .byColumn : .byRow)
    // One byte more, so that an empty matrix has an address.
    bytes = AlignedBytes(stored.bytes + [0])
  }

  /// What is stored for an input and an output.
  func number(_ input: Int, _ output: Int) -> Float {
    layout == .inputMajor ? stored.numbers[input * stored.columns + output] : stored.numbers[output * stored.columns + input]
  }

  func product(_ events: Events, bias: [Float]?, outputs: Int) -> [Float] {
    defer { withExtendedLifetime(events) {} }
    let tensor = Tensor(
      format: stored.format, rows: stored.rows, columns: stored.columns, data: UnsafeRawPointer(bytes.bytes.baseAddress!),
      name: UnsafeRawBufferPointer(start: nil, count: 0))
    // Long enough for every output where the matrix has no row to share a scale.
    let scale = stored.scale.map { $0 + [Float](repeating: 1, count: outputs - $0.count) }
    var result = [Float](repeating: .nan, count: outputs)
    func run(_ scale: UnsafePointer<Float>?, _ bias: UnsafePointer<Float>?) {
      Linear(matrix: tensor, layout: layout, scale: scale, bias: bias).run(events.list, &result, outputs: outputs)
    }
    switch (scale, bias) {
    case (let scale?, let bias?): run(scale, bias)
    case (let scale?, nil): run(scale, nil)
    case (nil, let bias?): run(nil, bias)
    case (nil, nil): run(nil, nil)
    }
    return result
  }
}

private let layouts = [MatrixLayout.inputMajor, .outputMajor]

@Suite struct LinearTests {
  @Test(arguments: [0, 1, 7, 8, 9, 33, 64], [1, 2, 7, 8, 9, 32, 40, 67, 96])
  func everyFormatIsTheMatrixProductInBothLayouts(inputs: Int, outputs: Int) {
    var random = SplitMix(state: UInt64(100 * inputs + outputs))
    let numbers = (0..<inputs * outputs).map { _ in random.nextFloat() }
    let bias = (0..<outputs).map { _ in random.nextFloat() }
    let source = (0..<inputs).map { $0 % 3 == 1 ? 0 : random.nextFloat() }
    for (layout, format) in layouts.flatMap({ layout in WeightFormat.allCases.map { (layout, $0) } }) {
      guard let matrix = Matrix(numbers, inputs: inputs, outputs: outputs, layout, format) else { continue }
      for threshold: Float in [0, 0.6] {
        let events = Events(source, threshold: threshold)
        for bias in [bias, nil] {
          let result = matrix.product(events, bias: bias, outputs: outputs)
          for output in 0..<outputs {
            let terms = events.fired.map { Double(source[$0]) * Double(matrix.number($0, output)) }
            let magnitude = terms.reduce(1) { $0 + abs($1) }
            let error = abs(Double(result[output]) - terms.reduce(Double(bias?[output] ?? 0), +))
            #expect(error <= 4e-7 * magnitude, "\(layout) \(format) output \(output)")
          }
        }
      }
    }
  }

  /// The promise that sparse execution rests on: an input that is exactly zero may be left out.
  @Test(arguments: [1, 8, 13, 64], [1, 9, 32, 100]) func leavingOutZerosChangesNoBit(inputs: Int, outputs: Int) {
    var random = SplitMix(state: UInt64(inputs * outputs))
    let numbers = (0..<inputs * outputs).map { _ in random.nextFloat() }
    let bias = (0..<outputs).map { _ in random.nextFloat() }
    let source = (0..<inputs).map { _ in random.nextFloat() > 0.2 ? 0 : random.nextFloat() }
    for (layout, format) in layouts.flatMap({ layout in WeightFormat.allCases.map { (layout, $0) } }) {
      guard let matrix = Matrix(numbers, inputs: inputs, outputs: outputs, layout, format) else { continue }
      let sparse = matrix.product(Events(source, threshold: 0), bias: bias, outputs: outputs)
      let dense = matrix.product(Events(all: source), bias: bias, outputs: outputs)
      #expect(sparse == dense, "\(layout) \(format)")
    }
  }

  /// Every integer and every half of a byte, with scales that are exact.
  @Test func integersWidenExactly() {
    let bytes = (0..<256).map { UInt8($0) }
    bytes.withUnsafeBytes { bytes in
      for index in 0..<256 {
        let expected = Float(Int8(bitPattern: UInt8(index)))
        #expect(Int8Element.load(bytes.baseAddress!, index) == expected)
        #expect(Int8Element.load8(bytes.baseAddress!, index & ~7)[index & 7] == expected)
      }
    }
    // Two blocks with scales of 1 and -0.5.
    let blocks: [UInt8] = [0x00, 0x3c] + (0..<16).map { $0 << 4 | (15 - $0) } + [0x00, 0xb8] + (0..<16).map { $0 * 17 }
    blocks.withUnsafeBytes { blocks in
      for index in 0..<64 {
        let half = index % 16
        let expected = [Float(7 - half), Float(half - 8), Float(half - 8) * -0.5, Float(half - 8) * -0.5][index / 16]
        #expect(Int4Element.load(blocks.baseAddress!, index) == expected)
        #expect(Int4Element.load8(blocks.baseAddress!, index & ~7)[index & 7] == expected)
      }
    }
  }
}
