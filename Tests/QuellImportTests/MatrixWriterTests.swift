import Foundation
import Quell
import RandomNumbers
import Testing

@testable import QuellImport

/// What is written of a matrix, element by element, against conversions that the standard library does one at a time.
struct MatrixWriterTests {
  /// The bytes of the tensor that a writer writes.
  private func bytes(_ writer: MatrixWriter) throws -> [UInt8] {
    try withFolder { folder in
      let path = folder.appendingPathComponent("tensor.gguf").path
      let count = writer.weights.reduce(0) { $0 + $1.count }
      let tensor = GGUFTensor(name: writer.name, dimensions: [count], type: writer.type) { output, advance throws(ImportFailure) in
        try writer.write(to: output, Workers(), advance: advance)
      }
      try GGUFWriter.write(to: path, pairs: [], tensors: [tensor])
      let padded = (count * writer.type.blockBytes + 63) / 64 * 64
      return try Array(Data(contentsOf: URL(fileURLWithPath: path)).suffix(padded).prefix(count * writer.type.blockBytes))
    }
  }

  private func elements<T>(_ weights: [Weight], _ type: WeightFormat, _: T.Type) throws -> [T] {
    try bytes(MatrixWriter(name: "w", weights: weights, type: type, scales: nil)).withUnsafeBytes { Array($0.bindMemory(to: T.self)) }
  }

  private func random(_ count: Int, seed: UInt64) -> [Double] {
    var numbers = SplitMix(state: seed)
    return (0..<count).map { _ in Double(Float.random(in: -3...3, using: &numbers)) }
  }

  /// A matrix as it may lie in a source: in order, transposed, or a part of a larger one.
  private func matrix(_ rows: Int, _ columns: Int, _ type: DataType, _ form: String, seed: UInt64 = 1) -> Weight {
    switch form {
    case "straight": return Weight(random(rows * columns, seed: seed), shape: [rows, columns], type: type)
    case "transposed": return Weight(random(rows * columns, seed: seed), shape: [columns, rows], type: type).transposed
    default:
      var weight = Weight(random((rows + 3) * (columns + 5), seed: seed), shape: [rows + 3, columns + 5], type: type)
      weight.layout = weight.layout.sliced(axis: 0, start: 2, count: rows).sliced(axis: 1, start: 1, count: columns)
      return weight
    }
  }

  private static let forms = ["straight", "transposed", "sliced"]
  // More than a tile each way and no multiple of it; more than a band; a single row; a single column.
  private static let shapes = [(70, 131), (3000, 1000), (1, 9000), (201, 1)]

  @Test(arguments: forms, [DataType.float32, .float16, .bfloat16, .float64])
  func everyTypeOfSourceIsWrittenInEveryTypeOfFloats(_ form: String, _ source: DataType) throws {
    for (rows, columns) in Self.shapes {
      let weight = matrix(rows, columns, source, form)
      let expected = weight.values.map { Float($0) }
      #expect(try elements([weight], .f32, Float.self) == expected)
      #expect(try elements([weight], .f16, UInt16.self) == expected.map { Float16($0).bitPattern })
      let upper = try elements([weight], .bf16, UInt16.self)
      #expect(upper == expected.map { UInt16(truncatingIfNeeded: ($0.bitPattern + 0x7fff + ($0.bitPattern >> 16 & 1)) >> 16) })
    }
  }

  @Test func weightsStandSideBySide() throws {
    let parts = [
      matrix(150, 7, .float32, "straight"), matrix(150, 100, .float16, "transposed", seed: 2),
      matrix(150, 65, .float32, "transposed", seed: 3),
    ]
    let written = try elements(parts, .f32, Float.self)
    for row in 0..<150 {
      let expected = parts.flatMap { part in (0..<part.columnCount).map { Float(part[row * part.columnCount + $0]) } }
      #expect(Array(written[(row * 172)..<((row + 1) * 172)]) == expected)
    }
  }

  @Test(arguments: [WeightFormat.f16, .bf16])
  func transposedWeightsStandSideBySideAsHalves(_ type: WeightFormat) throws {
    // Widths of which some are whole tiles, and rows of whole lines of the cache, and not; more inputs than are turned at a time.
    for (rows, widths) in [(600, [64, 128]), (131, [70, 5]), (64, [192, 8])] {
      let parts = widths.enumerated().map { matrix(rows, $0.element, .float32, "transposed", seed: UInt64($0.offset)) }
      let written = try elements(parts, type, UInt16.self)
      let values = parts.map { $0.values.map { Float($0) } }
      let expected = (0..<rows).flatMap { row in
        zip(values, widths).flatMap { values, width in values[(row * width)..<((row + 1) * width)] }
      }
      let upper = expected.map { UInt16(($0.bitPattern + 0x7fff + ($0.bitPattern >> 16 & 1)) >> 16) }
      #expect(written == (type == .f16 ? expected.map { Float16($0).bitPattern } : upper))
    }
  }

  @Test(arguments: forms, [OutputScales.Axis.rows, .columns])
  func wholeNumbersHaveTheScaleOfTheirOutput(_ form: String, _ axis: OutputScales.Axis) throws {
    // Alone, beside a matrix of another type, and beside one of the same; of widths that are multiples of a line, and not.
    let alone = Self.shapes.map { ($0, 0, DataType.float32) }
    let beside = Self.shapes.map { ($0, 3, DataType.float16) }
    let same = [((70, 131), 3, DataType.float32), ((130, 192), 64, .float32), ((256, 128), 0, .float32)]
    for ((rows, columns), beside, type) in alone + beside + same {
      let parts = [matrix(rows, columns, .float32, form)] + (beside > 0 ? [matrix(rows, beside, type, form, seed: 5)] : [])
      let width = columns + beside
      let scales = OutputScales(axis: axis, count: axis == .rows ? rows : width)
      let written = try bytes(MatrixWriter(name: "w", weights: parts, type: .int8, scales: scales)).map { Int8(bitPattern: $0) }
      func value(_ row: Int, _ column: Int) -> Float {
        column < columns ? Float(parts[0][row * columns + column]) : Float(parts[1][row * beside + column - columns])
      }
      var greatest = [Float](repeating: 0, count: scales.numbers.count)
      for row in 0..<rows {
        for column in 0..<width {
          let output = axis == .rows ? row : column
          greatest[output] = max(greatest[output], abs(value(row, column)))
        }
      }
      #expect(scales.numbers == greatest.map { $0 / 127 })
      var wrong = 0
      for row in 0..<rows {
        for column in 0..<width {
          let factor = 127 / greatest[axis == .rows ? row : column]
          if Float(written[row * width + column]) != (value(row, column) * factor).rounded(.toNearestOrEven) { wrong += 1 }
        }
      }
      #expect(wrong == 0)
    }
  }

  @Test func whatIsMeasuredEarlyIsTheGreatestOfEachColumn() throws {
    let (rows, columns) = (700, 430)
    let early = EarlyMeasurement()
    let weight = matrix(rows, columns, .float32, "straight")
    early.begin([weight])
    let deadline = ContinuousClock.now + .seconds(60)
    while weight.knownGreatestOfColumns == nil, ContinuousClock.now < deadline { usleep(100) }
    let greatest = (0..<columns).map { column in
      (0..<rows).map { abs(Float(weight[$0 * columns + column])).bitPattern }.max() ?? 0
    }
    #expect(weight.knownGreatestOfColumns == greatest)
    // It is no other matrix's: not that of the transposed one, nor of a part.
    #expect(weight.transposed.knownGreatestOfColumns == nil)
    #expect(Weight(weight.source, layout: weight.layout.sliced(axis: 0, start: 1, count: 2)).knownGreatestOfColumns == nil)
    // Beside one that has not been measured.
    let (other, again) = (matrix(rows, 6, .float16, "straight", seed: 5), matrix(rows, columns, .float32, "straight"))
    let parts = [[other, weight], [other, again]].map { parts in
      MatrixWriter(name: "w", weights: parts, type: .int8, scales: OutputScales(axis: .columns, count: columns + 6))
    }
    #expect(try bytes(parts[0]) == bytes(parts[1]))
    #expect(parts[0].scales?.numbers == parts[1].scales?.numbers)
  }

  @Test func outputsOfNothingHaveNoScale() throws {
    // A column of zeros, one too small to divide by, and an ordinary one.
    let weight = Weight([0, 1e-42, 1, 0, -2e-42, -2], shape: [2, 3], type: .float32)
    let scales = OutputScales(axis: .columns, count: 3)
    #expect(try bytes(MatrixWriter(name: "w", weights: [weight], type: .int8, scales: scales)) == [0, 0, 64, 0, 0, 0x81])
    #expect(scales.numbers == [0, 0, 2 / 127])
  }

  @Test func wholeNumbersWithKnownScalesAreKept() throws {
    let codes = (-128...127).map { Double($0) }
    let weight = Weight(codes, shape: [16, 16], type: .float32)
    let scales = OutputScales(axis: .rows, numbers: [Float](repeating: 3, count: 16))
    let written = try bytes(MatrixWriter(name: "w", weights: [weight], type: .int8, scales: scales))
    #expect(written.map { Double(Int8(bitPattern: $0)) } == codes)
  }

  @Test func narrowFloatsAreRoundedToTheNearestEven() throws {
    // Between 2048 and 4096 halves are 2 apart: 2049 lies between 2048 (even) and 2050. 65519 is the last number with a half. The
    // least halves are multiples of 2^-24: half of one is even, one and a half are rounded up.
    let halves = Weight([1, 2049, 2051, -2049, 65504, 65519, 0x1p-25, 0x1.8p-24, 0x1p-14], shape: [9], type: .float32)
    #expect(
      try elements([halves], .f16, UInt16.self) == [0x3c00, 0x6800, 0x6802, 0xe800, 0x7bff, 0x7bff, 0, 2, 0x0400])
    // 1 + 2^-8 lies between 1 (even) and 1 + 2^-7.
    let uppers = Weight([1, 1 + 0x1p-8, 1 + 0x1.8p-7, -1 - 0x1.1p-8], shape: [4], type: .float32)
    #expect(try elements([uppers], .bf16, UInt16.self) == [0x3f80, 0x3f80, 0x3f82, 0xbf81])
  }

  @Test func blocksOfHalfBytesHaveAScaleEach() throws {
    // Two rows of two blocks of 32, transposed and not. Oracle: by hand, d is the number of greatest magnitude divided by -8, as a half.
    for weight in [matrix(2, 64, .float32, "straight"), matrix(2, 64, .float32, "transposed"), matrix(130, 96, .float32, "transposed")] {
      let numbers = weight.values.map { Float($0) }
      let written = try withFolder { folder in
        let path = folder.appendingPathComponent("tensor.gguf").path
        let tensor = GGUFTensor(name: "w", dimensions: [numbers.count], type: .int4) { output, advance throws(ImportFailure) in
          try MatrixWriter(name: "w", weights: [weight], type: .int4, scales: nil).write(to: output, Workers(), advance: advance)
        }
        try GGUFWriter.write(to: path, pairs: [], tensors: [tensor])
        return try Array(Data(contentsOf: URL(fileURLWithPath: path)).suffix((tensor.byteCount + 63) / 64 * 64).prefix(tensor.byteCount))
      }
      for block in 0..<(numbers.count / 32) {
        let values = numbers[(block * 32)..<(block * 32 + 32)].map { $0 }
        let bytes = written[(block * 18)..<(block * 18 + 18)].map { $0 }
        let greatest = values.max { abs($0) < abs($1) } ?? 0
        let half = Float16(bitPattern: UInt16(bytes[0]) | UInt16(bytes[1]) << 8)
        #expect(half == Float16(greatest / -8))
        for (index, value) in values.enumerated() {
          let code = index < 16 ? bytes[2 + index] & 15 : bytes[2 + index - 16] >> 4
          // The greatest itself may be cut off by the half that its scale is rounded to; others are off by half a step, cut off at 7.
          let cut = max(value / Float(half) - 7, 0)
          #expect(abs(Float(half) * (Float(code) - 8) - value) <= abs(Float(half)) * (0.5001 + cut))
        }
      }
    }
  }

  @Test func everyHalfIsRead() throws {
    let halves = (0...UInt16.max).map { Float16(bitPattern: $0) }.filter { $0.isFinite }
    let weight = Weight(halves.map { Double($0) }, shape: [halves.count], type: .float16)
    #expect(try elements([weight], .f32, Float.self) == halves.map { Float($0) })
    #expect(try elements([weight], .f16, UInt16.self) == halves.map { $0.bitPattern })
  }

  @Test(arguments: [
    (65520.0, WeightFormat.f16), (Double(Float.greatestFiniteMagnitude), .bf16), (.infinity, .int8), (.nan, .int8),
  ])
  func whatATypeCannotHoldIsRefusedByName(_ number: Double, _ type: WeightFormat) throws {
    let weight = Weight([1, number], shape: [1, 2], type: .float32)
    let scales = type == .int8 ? OutputScales(axis: .rows, count: 1) : nil
    let failure = #expect(throws: ImportFailure.self) {
      try bytes(MatrixWriter(name: "w", weights: [weight], type: type, scales: scales))
    }
    #expect(failure?.kind == .unsupported && failure?.message.contains("\"w\"") == true)
  }

  @Test func aTensorOfTheWrongLengthIsRefused() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("tensor.gguf").path
      for count in [1, 3] {
        let tensor = GGUFTensor(name: "short", dimensions: [2], type: .f32) { output, _ throws(ImportFailure) in
          try output.write([Float](repeating: 0, count: count))
        }
        let failure = #expect(throws: ImportFailure.self) { try GGUFWriter.write(to: path, pairs: [], tensors: [tensor]) }
        #expect(failure?.message.contains("\"short\"") == true)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty)
    }
  }

  @Test func progressCountsBytesOfTheSource() throws {
    let fixture = try Fixture("rwkv_dy_step")
    try withFolder { folder in
      var told: [(done: Int, total: Int)] = []
      let options = ImportOptions(progress: { done, total in
        told.append((done, total))
        return true
      })
      try importONNX(from: fixture.path, to: folder.appendingPathComponent("model.gguf").path, options: options)
      let written = told.filter { $0.total > 0 }
      #expect(told.first?.total == 0 && written.last?.done == written.last?.total)
      #expect(zip(written, written.dropFirst()).allSatisfy { $0.done <= $1.done && $0.total == $1.total })
    }
  }
}
