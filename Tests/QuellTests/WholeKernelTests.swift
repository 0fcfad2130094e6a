import CQuell
import Foundation
import RandomNumbers
import Testing

@testable import Quell

/// The loops over whole numbers, those for boards as this machine compiles them: held against sums of integers, and asked what they must decline.
/// What instructions for pairs of integers make of the latter is seen on emulated boards.
@Suite struct WholeKernelTests {
  /// Events over more than one pass, with the greatest and the least numbers.
  private static let counts = [0, 1, 2, 15, 16, 17, 63, 64, 65, 128, 200]

  private func value(_ event: Int) -> Int { event % 3 == 0 ? -128 : event % 3 == 1 ? 127 : (event * 7919) % 256 - 128 }

  /// The loop for boards, and those of the instruction sets that this machine has; whether it adds to what is there.
  private static var ternaryLoops: [(run: quell_add_rows, adds: Bool)] {
    var loops: [(quell_add_rows, Bool)] = [(quell_add_whole_rows_ternary, true)]
    for instructionSet in InstructionSet.available {
      guard let kernels = try? instructionSet.kernels() else { continue }
      loops += [(kernels.pointee.add_rows_ternary, true), (kernels.pointee.sum_rows_ternary, false)]
    }
    return loops
  }

  /// One block and several; signs of every kind, and the greatest sums that there can be.
  @Test(arguments: counts) func ternaryRowsAddUpAsIntegers(_ count: Int) {
    let cases = [
      (64, (0..<count).map(value)), (192, [Int](repeating: -128, count: count)), (64, [Int](repeating: 127, count: count)),
      (320, (0..<count).map(value)),
    ]
    for (outputs, values) in cases {
      let rows = 256
      var random = SplitMix(state: 5)
      let numbers = (0..<rows * outputs).map { $0 % outputs % 5 == 0 ? 1 : random.nextFloat() }
      let stored = StoredMatrix(numbers, columns: outputs, format: .ternary, scaling: .byColumn)
      let signs = stored.numbers.map { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 }
      let bytes = GuardedBytes(stored.bytes)
      let indices = (0..<count).map { UInt32($0 * 5 % rows) }
      let expected = (0..<outputs).map { output in
        Float(zip(indices, values).reduce(0) { $0 + signs[Int($1.0) * outputs + output] * $1.1 })
      }
      for (index, loop) in WholeKernelTests.ternaryLoops.enumerated() {
        var sums = [Float](repeating: loop.adds ? 3 : .nan, count: outputs)
        loop.run(bytes.start, outputs / 4, outputs, indices, values.map { Float($0) }, count, &sums)
        #expect(sums == expected.map { loop.adds ? $0 + 3 : $0 }, "loop \(index), \(outputs) outputs")
      }
    }
  }

  /// One block has nothing but 1, another one nothing but -1, with events that are as great as can be. Rows are longer than what is added up at
  /// once, and further apart than they are long.
  @Test func longTernaryRowsAddUpAsIntegers() {
    let (rows, outputs, count) = (40, 32768 + 320, 133)
    let stride = outputs / 4 + 32
    var random = SplitMix(state: 7)
    let bytes = GuardedBytes(
      Data(
        (0..<rows * stride).map { place in
          if place % stride < 32 { return place % stride < 16 ? 0b10_10_10_10 : 0 }
          return (0..<4).reduce(0) { byte, _ in byte << 2 | UInt8(random.next() % 3) }
        }))
    let matrix = bytes.start.assumingMemoryBound(to: UInt8.self)
    let indices = (0..<count).map { UInt32($0 * 7 % rows) }
    for values in [(0..<count).map(value), [Int](repeating: -128, count: count), [Int](repeating: 127, count: count)] {
      let expected = (0..<outputs).map { output in
        let place = output / 64 * 16 + output % 16
        let sum = zip(indices, values).reduce(0) {
          $0 + (Int(matrix[Int($1.0) * stride + place] >> (output / 16 % 4 * 2)) & 3 - 1) * $1.1
        }
        return Float(sum)
      }
      for (index, loop) in WholeKernelTests.ternaryLoops.enumerated() {
        var sums = [Float](repeating: loop.adds ? -5 : .nan, count: outputs)
        loop.run(bytes.start, stride, outputs, indices, values.map { Float($0) }, count, &sums)
        #expect(sums == expected.map { loop.adds ? $0 - 5 : $0 }, "loop \(index)")
      }
    }
  }

  @Test(arguments: counts) func rowsOfIntegersAddUpAsIntegers(_ count: Int) {
    let (rows, outputs) = (256, 12)
    let weights = (0..<rows * outputs).map { Int8(truncatingIfNeeded: $0 * 37 + $0 / 5) }
    let bytes = GuardedBytes(Data(weights.map { UInt8(bitPattern: $0) }))
    let indices = (0..<count).map { UInt32(255 - $0 * 5 % rows) }
    let values = (0..<count).map(value)
    var sums = [Float](repeating: -2, count: outputs)
    #expect(quell_add_whole_rows_int8(bytes.start, outputs, outputs, indices, values.map { Float($0) }, count, &sums))
    let expected = (0..<outputs).map { output in
      Float(zip(indices, values).reduce(-2) { $0 + Int(weights[Int($1.0) * outputs + output]) * $1.1 })
    }
    #expect(sums == expected)
  }

  @Test(arguments: [0, 4, 252, 256, 260, 516]) func productsOfIntegersAddUpAsIntegers(_ inputs: Int) {
    let outputs = 5
    let weights = (0..<inputs * outputs).map { Int8(truncatingIfNeeded: $0 * 73 + 1) }
    let bytes = GuardedBytes(Data(weights.map { UInt8(bitPattern: $0) }))
    let values = (0..<inputs).map(value)
    var sums = [Float](repeating: 1, count: outputs)
    #expect(quell_multiply_whole_rows_int8(bytes.start, outputs, values.map { Float($0) }, inputs, &sums))
    #expect(sums == (0..<outputs).map { output in Float((0..<inputs).reduce(1) { $0 + Int(weights[output * inputs + $1]) * values[$1] }) })
  }

  /// What is not whole, what 8 bits do not hold, what might not add up exactly, and rows that are no whole words.
  @Test func whatMightRoundIsDeclined() {
    let weights = [Int8](repeating: -128, count: 1100 * 4)
    let indices = (0..<1100).map { UInt32($0) }
    func isTaken(_ values: [Float], width: Int = 4) -> Bool {
      var (rows, products) = ([Float](repeating: 0.5, count: width), [Float](repeating: 0.5, count: 1))
      let areAdded = quell_add_whole_rows_int8(weights, width, width, indices, values, values.count, &rows)
      if values.count % 4 == 0 {
        #expect(quell_multiply_whole_rows_int8(weights, 1, values, values.count, &products) == areAdded || width != 4)
        if !areAdded, width == 4 { #expect(products == [0.5]) }
      }
      if !areAdded { #expect(rows == [Float](repeating: 0.5, count: width)) }
      return areAdded
    }
    #expect(isTaken([1, 2, 3, -128]) && isTaken([0, -0.0, 127, 1]))
    for odd: Float in [0.5, 128, -129, 1e30, -.infinity, .nan, 1e-30, 126.99999] { #expect(!isTaken([1, 2, 3, odd]), "\(odd)") }
    #expect(!isTaken([1, 2], width: 3) && !isTaken([1], width: 2))
    // 1024 times 128 is what sums of 24 bits do not hold.
    #expect(isTaken([Float](repeating: -128, count: 1023) + [127]))
    #expect(!isTaken([Float](repeating: -128, count: 1024)))
    var products: [Float] = [0.5]
    #expect(!quell_multiply_whole_rows_int8(weights, 1, [1, 2, 3, 4, 5, 6], 6, &products) && products == [0.5])
  }
}
