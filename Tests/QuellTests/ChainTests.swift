import Foundation
import RandomNumbers
import Testing

@testable import Quell

/// A model whose only work is elementwise, over vectors of several tiles and a rest; as a chain or one operation after the other.
private func elementwiseModel(chained: Bool) -> FileBuilder {
  let (width, vocabulary) = (2300, 3)
  var random = SplitMix(state: 7)
  func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in random.nextFloat() } }
  var file = FileBuilder()
  file.tensors = [
    .f32("table", [width, vocabulary], numbers(width * vocabulary)), .f32("gain", [width], numbers(width)),
    .f32("single", [1], [0.75]), .f32("head", [vocabulary, width], numbers(width * vocabulary)),
  ]
  let values = [
    Value(storage: .scratch, offset: 0, count: width), Value(storage: .scratch, offset: 2304, count: width),
    Value(storage: .scratch, offset: 4608, count: width), Value(storage: .state, offset: 0, count: width),
    Value(storage: .weight, offset: 1, count: width), Value(storage: .weight, offset: 2, count: 1),
    Value(storage: .scratch, offset: 6912, count: vocabulary), Value(storage: .scratch, offset: 6916, count: 1),
  ]
  let elementwise: [Quell.Operation] = [
    .unary(.exponential, source: 0, result: 1),
    .binary(.multiply, left: 1, right: 5, result: 1),
    .binary(.maximum, left: 1, right: 3, result: 2),
    .copy(source: 2, result: 3),
    .binary(.divide, left: 5, right: 2, result: 2),
    .unary(.sigmoid, source: 1, result: 1),
    .binary(.subtract, left: 2, right: 1, result: 1),
    .binary(.multiply, left: 4, right: 1, result: 0),
    .events(site: 0, source: 0),
  ]
  let operations =
    [Quell.Operation.row(table: 0, source: .token, add: 0, result: 0, scale: nil)]
    + (chained ? [.chain(count: elementwise.count, elements: width)] : []) + elementwise
    + [.linear(matrix: 3, layout: .inputMajor, bias: nil, scale: nil, result: 6)]
  var words: [UInt32] = []
  for operation in operations { operation.encode { words.append($0) } }
  file["general.architecture"] = .string("quell")
  file["general.alignment"] = .uint32(64)
  file["quell.version"] = .uint32(1)
  file["quell.vocabulary_size"] = .uint32(UInt32(vocabulary))
  file["quell.context_length"] = .uint32(0)
  file["quell.state_size"] = .uint32(UInt32(width))
  file["quell.state_fill"] = .uint32s([0, 5, Float(1.5).bitPattern])
  file["quell.scratch_size"] = .uint32(6917)
  file["quell.values"] = .uint32s(values.flatMap { [$0.storage.rawValue, UInt32($0.offset), UInt32($0.count)] })
  file["quell.caches"] = .uint32s([])
  file["quell.operations"] = .uint32s(words)
  file["quell.logits"] = .uint32(6)
  file["quell.sites"] = .strings(["head"])
  file["quell.site_kinds"] = .strings(["head"])
  file["quell.thresholds"] = .float32s([0.01])
  return file
}

@Suite struct ChainTests {
  @Test func aChainChangesNoBit() throws {
    let bytes = [false, true].map { AlignedBytes(elementwiseModel(chained: $0).build()) }
    defer { withExtendedLifetime(bytes) {} }
    let sessions = try bytes.map { try Session(Model(bytes: UnsafeRawBufferPointer($0.bytes))) }
    for token: UInt32 in [0, 1, 2, 2, 0] {
      for session in sessions { try session.step(token) }
      #expect(sessions[0].logits.map(\.bitPattern) == sessions[1].logits.map(\.bitPattern))
      #expect(sessions[0].storage.pointee.state.map(\.bitPattern) == sessions[1].storage.pointee.state.map(\.bitPattern))
    }
    #expect(sessions[0].eventCounts == sessions[1].eventCounts)
    #expect(sessions[0].eventCounts[0] > 0 && sessions[0].eventCounts[0] < 5 * 2300)
  }

  @Test(arguments: InstructionSet.available) func aListInPartsIsTheListOfTheWhole(instructionSet: InstructionSet) throws {
    let kernels = try instructionSet.kernels()
    var random = SplitMix(state: 3)
    let source = (0..<1000).map { _ in random.nextFloat() }
    func list(_ parts: [Int]) -> (indices: [UInt32], values: [Float], dense: [Float]) {
      let room = source.count + EventList.padding
      var (indices, values, dense) = ([UInt32](repeating: 9, count: room), [Float](repeating: 9, count: room), source)
      return indices.withUnsafeMutableBufferPointer { indices in
        values.withUnsafeMutableBufferPointer { values in
          dense.withUnsafeMutableBufferPointer { dense in
            var list = EventList(indices: indices.baseAddress!, values: values.baseAddress!, dense: dense.baseAddress!)
            var first = 0
            for part in parts {
              source.withUnsafeBufferPointer {
                list.detect($0.baseAddress! + first, from: first, count: part, threshold: 0.5, kernels)
              }
              first += part
            }
            list.makeDense()
            #expect(list.inputs == source.count)
            return (Array(indices[..<list.count]), Array(values[..<list.count]), Array(dense))
          }
        }
      }
    }
    let (whole, parts) = (list([1000]), list([512, 1, 487]))
    #expect(whole.indices == parts.indices && whole.values == parts.values && whole.dense == parts.dense)
    #expect(whole.indices == source.indices.filter { abs(source[$0]) > 0.5 }.map { UInt32($0) })
  }

  @Test(arguments: [1, 7, 8, 9, 31]) func anOperandMayBeTheResult(count: Int) {
    var random = SplitMix(state: UInt64(count))
    let (left, right) = ((0..<count).map { _ in 4 * random.nextFloat() }, (0..<count).map { _ in 4 * random.nextFloat() })
    for function in UnaryFunction.allCases {
      var (apart, own) = ([Float](repeating: 0, count: count), left)
      Elementwise.unary(function, left, &apart, count: count, nil)
      own.withUnsafeMutableBufferPointer { Elementwise.unary(function, $0.baseAddress!, $0.baseAddress!, count: count, nil) }
      #expect(apart.map(\.bitPattern) == own.map(\.bitPattern))
    }
    for function in BinaryFunction.allCases {
      for step in [0, 1] {
        var (apart, own) = ([Float](repeating: 0, count: count), left)
        Elementwise.binary(function, left, leftStep: 1, right, rightStep: step, &apart, count: count, nil)
        own.withUnsafeMutableBufferPointer {
          Elementwise.binary(function, $0.baseAddress!, leftStep: 1, right, rightStep: step, $0.baseAddress!, count: count, nil)
        }
        #expect(apart.map(\.bitPattern) == own.map(\.bitPattern))
      }
    }
  }
}
