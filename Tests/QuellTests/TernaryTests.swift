import CQuell
import Foundation
import RandomNumbers
import Testing

@testable import Quell

/// A model of one ternary matrix, `logits = scale * (W x + nothing)`, x being a row of a table, and its sums in whole numbers.
private struct TernaryModel {
  static let width = 80
  static let vocabulary = 128

  var file = FileBuilder()
  /// What the table holds, and the signs of the matrix, one row for each input.
  private(set) var table: [Float] = []
  private(set) var signs: [Int] = []
  private(set) var scale: [Float] = []

  init(isScaled: Bool = true, hasBias: Bool = false, table numbers: (Int) -> Float) {
    var random = SplitMix(state: 3)
    let (width, vocabulary) = (TernaryModel.width, TernaryModel.vocabulary)
    table = (0..<width * vocabulary).map(numbers)
    let stored = StoredMatrix(
      (0..<width * vocabulary).map { _ in random.nextFloat() }, columns: vocabulary, format: .ternary, scaling: .byColumn)
    scale = isScaled ? stored.scale! : [Float](repeating: 1, count: vocabulary)
    signs = stored.numbers.map { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 }
    file.tensors = [.f32("table", [width, vocabulary], table), .f32("head.scale", [vocabulary], scale), .matrix("head", stored)]
    let values = [
      Value(storage: .weight, offset: 1, count: vocabulary), Value(storage: .scratch, offset: 0, count: width),
      Value(storage: .scratch, offset: width, count: vocabulary),
    ]
    let operations: [Quell.Operation] = [
      .row(table: 0, source: .token, add: 0, result: 1, scale: nil), .events(site: 0, source: 1),
      .linear(matrix: 2, layout: .inputMajor, bias: hasBias ? 0 : nil, scale: isScaled ? 0 : nil, result: 2),
    ]
    file["general.architecture"] = .string("quell")
    file["general.alignment"] = .uint32(64)
    file["quell.version"] = .uint32(1)
    file["quell.vocabulary_size"] = .uint32(UInt32(vocabulary))
    file["quell.context_length"] = .uint32(0)
    file["quell.state_size"] = .uint32(0)
    file["quell.scratch_size"] = .uint32(UInt32(width + vocabulary))
    file["quell.state_fill"] = .uint32s([])
    file["quell.values"] = .uint32s(values.flatMap { [$0.storage.rawValue, UInt32($0.offset), UInt32($0.count)] })
    file["quell.caches"] = .uint32s([])
    var words: [UInt32] = []
    for operation in operations { operation.encode { words.append($0) } }
    file["quell.operations"] = .uint32s(words)
    file["quell.logits"] = .uint32(2)
    file["quell.sites"] = .strings(["head"])
    file["quell.site_kinds"] = .strings(["head"])
    file["quell.thresholds"] = .float32s([0])
    file["quell.ternary"] = .uint32s([2])
  }

  /// The logits after a token, by sums of whole numbers.
  func logits(after token: Int, threshold: Float = 0) -> [Float] {
    let (width, vocabulary) = (TernaryModel.width, TernaryModel.vocabulary)
    return (0..<vocabulary).map { output in
      let sum = (0..<width).reduce(0) { sum, input in
        let x = table[token * width + input]
        guard abs(x) > threshold, x == x else { return sum }
        return sum + Int(min(max(x.rounded(.toNearestOrEven), -128), 127)) * signs[input * vocabulary + output]
      }
      return Float(sum) * scale[output]
    }
  }

  /// Opens the file, runs `body`, and gives the failure where it is refused.
  func open(_ body: (Model) throws -> Void = { _ in }) throws -> Failure? {
    let bytes = AlignedBytes(file.build())
    defer { withExtendedLifetime(bytes) {} }
    let model: Model
    do throws(Failure) { model = try Model(bytes: UnsafeRawBufferPointer(bytes.bytes)) } catch { return error }
    try body(model)
    return nil
  }
}

@Suite struct TernaryTests {
  /// Whole numbers, halves of both kinds, numbers beyond 8 bits and none at all: what counts is the nearest whole number of 8 bits.
  @Test(arguments: InstructionSet.available) func sumsAreOfWholeNumbersToTheBit(_ instructionSet: InstructionSet) throws {
    let special: [Float] = [0.5, 1.5, -0.5, -2.5, 127.5, 128, 1e9, -128.4, -129, -1e20, .infinity, -.infinity, .nan, 0.49, -0.51, 0x1p-140]
    let model = TernaryModel { $0 % 5 == 0 ? special[$0 / 5 % special.count] : Float(($0 * 7919) % 256 - 128) }
    let failure = try model.open { opened in
      for threads in [1, 2] {
        let session = try Session(opened, threads: threads, instructionSet: instructionSet)
        for (token, threshold) in [(0, 0 as Float), (1, 0), (5, 100), (127, 20.5)] {
          try session.setThreshold(threshold, site: 0)
          try session.step(UInt32(token))
          #expect(Array(session.logits) == model.logits(after: token, threshold: threshold), "token \(token), \(threads) threads")
        }
      }
    }
    #expect(failure == nil)
  }

  @Test(arguments: InstructionSet.available) func promptsGiveTheSameSums(_ instructionSet: InstructionSet) throws {
    let model = TernaryModel { Float(($0 * 31) % 300) * 0.9 - 140 }
    let failure = try model.open { opened in
      let session = try Session(opened, batch: 8, instructionSet: instructionSet)
      let tokens: [UInt32] = [9, 3, 3, 120, 77]
      var all: [[Float]] = []
      try session.visitLogits(tokens) { _, logits in all.append(Array(logits)) }
      #expect(all == tokens.map { model.logits(after: Int($0)) })
    }
    #expect(failure == nil)
  }

  @Test(arguments: InstructionSet.available) func sumsCanStandForThemselves(_ instructionSet: InstructionSet) throws {
    let model = TernaryModel(isScaled: false) { Float(($0 * 7919) % 256 - 128) }
    let failure = try model.open { opened in
      let session = try Session(opened, batch: 4, instructionSet: instructionSet)
      try session.step(7)
      #expect(Array(session.logits) == model.logits(after: 7))
      var all: [[Float]] = []
      try session.visitLogits([9, 3, 120]) { _, logits in all.append(Array(logits)) }
      #expect(all == [9, 3, 120].map { model.logits(after: $0) })
    }
    #expect(failure == nil)
    // A bias is no whole number: sums that begin with it would round.
    let biased = try TernaryModel(isScaled: false, hasBias: true) { _ in 1 }.open()
    #expect((biased.map { "\($0)" } ?? "").contains("ternary numbers with a bias have no scale"))
  }

  @Test func filesThatSayWrongThingsAreRefused() throws {
    func refusal(_ change: (inout TernaryModel) -> Void) throws -> String {
      var model = TernaryModel { _ in 1 }
      change(&model)
      return try model.open().map { "\($0)" } ?? ""
    }
    #expect(try refusal { $0.file["quell.ternary"] = .uint32s([2, 2]) }.contains("rising order"))
    #expect(try refusal { $0.file["quell.ternary"] = .uint32s([3]) }.contains("rising order"))
    #expect(try refusal { $0.file["quell.ternary"] = .uint32s([0, 2]) }.contains("'table' cannot hold ternary numbers"))
    #expect(try refusal { $0.file["quell.ternary"] = nil }.contains("does not fit"))
    #expect(try refusal { $0.file.tensors[2].dimensions[0] = 24 }.contains("blocks of 64"))
    #expect(try refusal { $0.file.tensors[2].dimensions[0] = 1 << 62 }.contains("'head'"))
    #expect(try refusal { $0.file.tensors[2].type = 256 }.contains("GGUF type 256"))
  }

  /// Each code at each place of a block.
  @Test func codesWidenExactly() {
    for place in 0..<64 {
      for code in 0..<3 {
        var bytes = [UInt8](repeating: 0b01_01_01_01, count: 16)
        bytes[place % 16] = bytes[place % 16] & ~(3 << UInt8(place / 16 * 2)) | UInt8(code) << UInt8(place / 16 * 2)
        bytes.withUnsafeBytes { bytes in
          for index in 0..<64 {
            let expected: Float = index == place ? Float(code - 1) : 0
            #expect(TernaryElement.load(bytes.baseAddress!, index) == expected)
            #expect(TernaryElement.load8(bytes.baseAddress!, index & ~7)[index & 7] == expected)
          }
        }
      }
    }
  }

  @Test func roundingGoesToTheNearestAndThenToTheEven() {
    let numbers: [Float] = [
      0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 126.5, 8_388_607.5, -8_388_608, 16_777_216, 1e30, -.infinity, .nan, -0.2, 3.7,
    ]
    var result = [Float](repeating: 7, count: numbers.count)
    Elementwise.unary(.round, numbers, &result, count: numbers.count, nil)
    for (number, rounded) in zip(numbers, result) {
      let expected = number.rounded(.toNearestOrEven)
      #expect(number.isNaN ? rounded.isNaN : rounded.bitPattern == expected.bitPattern, "\(number)")
    }
  }
}
