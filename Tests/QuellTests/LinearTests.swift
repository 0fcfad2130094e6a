import CQuell
import Foundation
import RandomNumbers
import Testing

@testable import Quell

/// A matrix in one layout and one format, whose bytes end where memory ends.
private final class Matrix {
  let layout: MatrixLayout
  let stored: StoredMatrix
  private let bytes: GuardedBytes

  /// `numbers` has one row per input. Nil where the format cannot store such rows.
  init?(_ numbers: [Float], inputs: Int, outputs: Int, _ layout: MatrixLayout, _ format: WeightFormat) {
    let columns = layout == .inputMajor ? outputs : inputs
    guard StoredMatrix.allows(format, columns: columns) else { return nil }
    self.layout = layout
    let ordered =
      layout == .inputMajor
      ? numbers : (0..<outputs).flatMap { output in (0..<inputs).map { numbers[$0 * outputs + output] } }
    stored = StoredMatrix(ordered, columns: columns, format: format, scaling: layout == .inputMajor ? .byColumn : .byRow)
    bytes = GuardedBytes(stored.bytes)
  }

  /// What is stored for an input and an output.
  func number(_ input: Int, _ output: Int) -> Float {
    layout == .inputMajor ? stored.numbers[input * stored.columns + output] : stored.numbers[output * stored.columns + input]
  }

  private var tensor: Tensor {
    Tensor(
      format: stored.format, rows: stored.rows, columns: stored.columns, data: bytes.start,
      name: UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// Long enough for every output where the matrix has no row to share a scale.
  private func scale(outputs: Int) -> [Float]? { stored.scale.map { $0 + [Float](repeating: 1, count: outputs - $0.count) } }

  /// The product, made in parts of so many outputs.
  func product(_ events: Events, bias: [Float]?, outputs: Int, _ instructionSet: InstructionSet, part: Int = .max) -> [Float] {
    let part = min(part, max(outputs, 1))
    defer { withExtendedLifetime(events) {} }
    let scale = scale(outputs: outputs)
    // What stands behind the result must stay.
    var result = [Float](repeating: 77, count: outputs + 16)
    var partial = result
    func run(_ scale: UnsafePointer<Float>?, _ bias: UnsafePointer<Float>?) {
      let linear = Linear(
        matrix: tensor, layout: layout, scale: scale, bias: bias, outputs: outputs, kernels: try! instructionSet.kernels())
      // Parts as threads take them: each must be what it is in the whole.
      for first in stride(from: 0, to: outputs, by: part) {
        linear.run(events.list, &result, partial: &partial, first..<min(first + part, outputs))
      }
    }
    switch (scale, bias) {
    case (let scale?, let bias?): run(scale, bias)
    case (let scale?, nil): run(scale, nil)
    case (nil, let bias?): run(nil, bias)
    case (nil, nil): run(nil, nil)
    }
    let behind = result[outputs...] + partial[outputs...]
    #expect(behind.allSatisfy { $0 == 77 }, "\(instructionSet) \(layout) \(stored.format) writes behind the result")
    return Array(result[..<outputs])
  }

  /// The products of several tokens, made together in the parts that so many threads would take.
  func products(_ events: [Events], bias: [Float], outputs: Int, _ instructionSet: InstructionSet, threads: Int) -> [[Float]] {
    defer { withExtendedLifetime(events) {} }
    // What stands behind the results must stay.
    let room = outputs + 16
    var results = [Float](repeating: 77, count: 2 * events.count * room)
    var tokens = [quell_token](repeating: quell_token(), count: 2 * events.count)
    func run(_ scale: UnsafePointer<Float>?) {
      let linear = Linear(
        matrix: tensor, layout: layout, scale: scale, bias: bias.withUnsafeBufferPointer { $0.baseAddress }, outputs: outputs,
        kernels: try! instructionSet.kernels())
      results.withUnsafeMutableBufferPointer { results in
        var lanes = events.enumerated().map { lane, events in
          let start = results.baseAddress! + 2 * lane * room
          return Lane(scratch: start, events: events.list, partial: start + room)
        }
        lanes.withUnsafeMutableBufferPointer { lanes in
          tokens.withUnsafeMutableBufferPointer { tokens in
            LinearParts(linear, lanes, tokens: tokens.baseAddress!, offset: 0, single: nil, threads: threads).run(nil)
          }
        }
      }
    }
    withExtendedLifetime(bias) { if let scale = scale(outputs: outputs) { run(scale) } else { run(nil) } }
    return events.indices.map { token in
      let result = results[2 * token * room..<(2 * token + 1) * room]
      let partial = results[(2 * token + 1) * room..<(2 * token + 2) * room]
      let behind = result.suffix(16) + partial.suffix(16)
      #expect(behind.allSatisfy { $0 == 77 }, "\(instructionSet) \(layout) \(stored.format) writes behind the result")
      return Array(result.prefix(outputs))
    }
  }
}

/// A source and a threshold as they are for a format: ternary weights take whole numbers.
private func input(_ source: [Float], _ threshold: Float, _ format: WeightFormat) -> (source: [Float], threshold: Float) {
  format == .ternary ? (source.map { ($0 * 127).rounded() }, threshold * 127) : (source, threshold)
}

private let kinds = [MatrixLayout.inputMajor, .outputMajor].flatMap { layout in WeightFormat.allCases.map { (layout, $0) } }

@Suite struct LinearTests {
  @Test(arguments: [0, 1, 7, 9, 33, 64, 300, 352, 576], InstructionSet.available)
  func everyFormatIsTheMatrixProductInBothLayouts(inputs: Int, instructionSet: InstructionSet) {
    var random = SplitMix(state: UInt64(inputs))
    let some = (0..<inputs).map { $0 % 3 == 1 ? 0 : random.nextFloat() }
    let sources = [some, [Float](repeating: 0, count: inputs), (0..<inputs).map { _ in random.nextFloat() }]
    for outputs in [1, 7, 8, 9, 16, 32, 67, 129, 160, 320] {
      let numbers = (0..<inputs * outputs).map { _ in random.nextFloat() }
      let bias = (0..<outputs).map { _ in random.nextFloat() }
      for (layout, format) in kinds {
        guard let matrix = Matrix(numbers, inputs: inputs, outputs: outputs, layout, format) else { continue }
        for (real, limit) in [(sources[0], 0 as Float), (sources[0], 0.6), (sources[1], 0), (sources[2], 0), (sources[2], 2)] {
          let (source, threshold) = input(real, limit, format)
          let events = Events(source, threshold: threshold, instructionSet)
          let withBias = matrix.product(events, bias: bias, outputs: outputs, instructionSet)
          let without = matrix.product(events, bias: nil, outputs: outputs, instructionSet)
          var worst = 0.0
          for output in 0..<outputs {
            let terms = events.fired.map { Double(source[$0]) * Double(matrix.number($0, output)) }
            // Nothing is rounded more often than there are terms, and four times more.
            let magnitude = terms.reduce(abs(Double(bias[output]))) { $0 + abs($1) }
            let bound = Double(terms.count + 4) * Double(Float.ulpOfOne / 2) * magnitude
            let product = terms.reduce(0, +)
            worst = max(worst, abs(Double(without[output]) - product) / bound)
            worst = max(worst, abs(Double(withBias[output]) - (product + Double(bias[output]))) / bound)
          }
          #expect(worst <= 1, "\(layout) \(format) of \(outputs) outputs, \(events.fired.count) events")
        }
      }
    }
  }

  /// The promise that sparse execution rests on: an input that is exactly zero may be left out.
  @Test(arguments: [1, 8, 13, 64, 200, 600], InstructionSet.available)
  func leavingOutZerosChangesNoBit(inputs: Int, instructionSet: InstructionSet) {
    var random = SplitMix(state: UInt64(inputs))
    for outputs in [1, 9, 32, 100, 160, 192] {
      let numbers = (0..<inputs * outputs).map { _ in random.nextFloat() }
      let bias = (0..<outputs).map { _ in random.nextFloat() }
      let real = (0..<inputs).map { _ in random.nextFloat() > 0.2 ? 0 : random.nextFloat() }
      for (layout, format) in kinds {
        guard let matrix = Matrix(numbers, inputs: inputs, outputs: outputs, layout, format) else { continue }
        let (source, _) = input(real, 0, format)
        let sparse = matrix.product(Events(source, threshold: 0), bias: bias, outputs: outputs, instructionSet)
        let dense = matrix.product(Events(all: source), bias: bias, outputs: outputs, instructionSet)
        #expect(sparse == dense, "\(layout) \(format)")
      }
    }
  }

  /// What lets threads share an operation, whatever their number.
  @Test(arguments: InstructionSet.available) func partsAreThoseOfTheWhole(_ instructionSet: InstructionSet) {
    var random = SplitMix(state: 5)
    for (inputs, outputs) in [(96, 416), (576, 320)] { partsAreThoseOfTheWhole(inputs, outputs, instructionSet, &random) }
  }

  private func partsAreThoseOfTheWhole(_ inputs: Int, _ outputs: Int, _ instructionSet: InstructionSet, _ random: inout SplitMix) {
    let numbers = (0..<inputs * outputs).map { _ in random.nextFloat() }
    let bias = (0..<outputs).map { _ in random.nextFloat() }
    let real = (0..<inputs).map { _ in random.nextFloat() }
    for (layout, format) in kinds {
      guard let matrix = Matrix(numbers, inputs: inputs, outputs: outputs, layout, format) else { continue }
      let (source, threshold) = input(real, 0.3, format)
      let events = Events(source, threshold: threshold, instructionSet)
      let whole = matrix.product(events, bias: bias, outputs: outputs, instructionSet)
      for length in [64, 128, 320] {
        #expect(
          matrix.product(events, bias: bias, outputs: outputs, instructionSet, part: length) == whole, "\(layout) \(format) \(length)")
      }
    }
  }

  /// A prompt gives what its tokens give one by one, whatever fires at each and however many threads there are.
  @Test(arguments: [1, 31, 64, 130, 520, 1056], InstructionSet.available)
  func tokensTogetherAreThoseAlone(inputs: Int, instructionSet: InstructionSet) {
    var random = SplitMix(state: UInt64(inputs))
    // In the second case some tokens, from the first on, have an event at every input, and share what is read of the matrix.
    let thresholds: [[Float]] = [[0, 2, 0.9, 0.4, 0, 0.7], [0, 0, 0, 0.5, 0, 0, 0]]
    for (outputs, count) in [(1, 3), (40, 2), (67, 5), (128, 7), (160, 9), (305, 66)] where inputs <= 130 || outputs <= 160 {
      let numbers = (0..<inputs * outputs).map { _ in random.nextFloat() }
      let bias = (0..<outputs).map { _ in random.nextFloat() }
      let sources = (0..<count).map { _ in (0..<inputs).map { _ in random.nextFloat() } }
      for (layout, format) in kinds {
        guard let matrix = Matrix(numbers, inputs: inputs, outputs: outputs, layout, format) else { continue }
        for thresholds in thresholds {
          let events = sources.enumerated().map { token, source in
            let (source, threshold) = input(source, thresholds[token % thresholds.count], format)
            return Events(source, threshold: threshold, instructionSet)
          }
          togetherAsAlone(matrix, events, bias, outputs, instructionSet, "\(layout) \(format) of \(outputs) outputs for \(count) tokens")
        }
      }
    }
  }

  private func togetherAsAlone(
    _ matrix: Matrix, _ events: [Events], _ bias: [Float], _ outputs: Int, _ instructionSet: InstructionSet, _ name: String
  ) {
    let alone = events.map { matrix.product($0, bias: bias, outputs: outputs, instructionSet) }
    for threads in [1, 2] {
      let together = matrix.products(events, bias: bias, outputs: outputs, instructionSet, threads: threads)
      #expect(together == alone, "\(name)")
      let first = matrix.products([events[0]], bias: bias, outputs: outputs, instructionSet, threads: threads)
      #expect(first == [alone[0]], "\(name), the first alone, \(threads) threads")
    }
  }

  /// A file may ask for more outputs than workers can count parts of.
  @Test func thePartsOfAVastMatrixCanBeCounted() {
    let events = Events([1], threshold: 0)
    defer { withExtendedLifetime(events) {} }
    let outputs = 1 << 30
    // Nothing of it is read: the parts are only counted.
    let matrix = Tensor(
      format: .int8, rows: 1, columns: outputs, data: UnsafeRawPointer(bitPattern: 64)!, name: UnsafeRawBufferPointer(start: nil, count: 0))
    var lane = Lane(scratch: events.list.values, events: events.list, partial: events.list.values)
    var token = quell_token()
    withUnsafeMutablePointer(to: &lane) { lane in
      let linear = Linear(matrix: matrix, layout: .inputMajor, scale: nil, bias: nil, outputs: outputs, kernels: nil)
      let parts = LinearParts(
        linear, UnsafeMutableBufferPointer(start: lane, count: 1), tokens: &token, offset: 0, single: events.list.values, threads: 2)
      #expect(parts.count > 1 && parts.count <= Int(QUELL_MOST_PARTS))
    }
  }

  /// Boards without vector registers compute what everybody computes.
  @Test(arguments: [0, 1, 3, 8, 31, 32, 47, 72, 300]) func loopsWithoutVectorsGiveTheSameBits(length: Int) {
    func expect<Element: WeightElement>(_ element: Element.Type, _ format: WeightFormat) {
      for columns in [length, 32, 96, 128] where StoredMatrix.allows(format, columns: columns) {
        var random = SplitMix(state: UInt64(length + columns))
        let rows = 21
        let numbers = (0..<rows * columns).map { _ in random.nextFloat() }
        let stored = StoredMatrix(numbers, columns: columns, format: format, scaling: .byRow)
        let bytes = GuardedBytes(stored.bytes)
        let indices = [0, 2, 3, 4, 8, 9, 11, 12, 13, 15, 20] as [UInt32]
        let stride = Element.bytes(columns)
        // Ternary weights meet whole numbers alone.
        let whole = (0..<max(rows, columns)).map { Float($0 * 7919 % 256 - 128) }
        for vector in [whole] + (format == .ternary ? [] : [whole.map { _ in random.nextFloat() }]) {
          var (sums, sumsWithout) = ([Float](repeating: 0.25, count: columns), [Float](repeating: 0.25, count: columns))
          LinearInputMajor.add(
            Element.self, bytes.start, stride: stride, outputs: columns, indices, vector, events: indices.count, to: &sums)
          LinearScalar.addRows(
            Element.self, bytes.start, stride: stride, outputs: columns, indices, vector, events: indices.count, to: &sumsWithout)
          #expect(sums.map(\.bitPattern) == sumsWithout.map(\.bitPattern), "\(format)")
          for row in 0..<rows {
            let place = bytes.start + row * stride
            #expect(
              LinearOutputMajor.dot(Element.self, place, vector, count: columns)
                == LinearScalar.dot(Element.self, place, vector, count: columns), "\(format)")
          }
        }
      }
    }
    expect(F32.self, .f32)
    expect(F16.self, .f16)
    expect(BF16.self, .bf16)
    expect(Int8Element.self, .int8)
    expect(Int4Element.self, .int4)
    expect(TernaryElement.self, .ternary)
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
