import CQuell
import Foundation
import RandomNumbers
import Testing

@testable import Quell

private let sizes = [0, 1, 2, 7, 8, 9, 15, 16, 31, 33, 64, 100]

@Suite struct KernelTests {
  @Test func exponentialIsWithinTwoUnitsInTheLastPlace() {
    var worst = 0
    var x: Float = -87.3
    while x < 88.7 {
      worst = max(worst, ulps(exponential(x), Float(exp(Double(x)))))
      x += 0.000_731
    }
    #expect(worst <= 2)
    #expect(exponential(0) == 1)
    #expect(exponential(-.infinity) == 0)
    #expect(exponential(-1e30) == 0)
    #expect(exponential(.infinity) == .infinity)
    #expect(exponential(200) == .infinity)
    #expect(exponential(.nan).isNaN)
    for x: Float in [-88, -95, -103] {
      let error = abs(Double(exponential(x)) - exp(Double(x)))
      #expect(error <= 1.5 * Double(Float.leastNonzeroMagnitude))
    }
  }

  @Test func halvesWidenExactly() {
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      var eight = SIMD8<UInt16>(repeating: 0x3c00)
      eight[5] = bits
      let (one, lane) = withUnsafeBytes(of: eight) { (F16.load($0.baseAddress!, 5), F16.load8($0.baseAddress!, 0)[5]) }
      if expected.isNaN {
        #expect(one.isNaN && lane.isNaN)
      } else if one.bitPattern != expected.bitPattern || lane.bitPattern != expected.bitPattern {
        Issue.record("half \(bits) became \(one) and \(lane), not \(expected)")
      }
    }
  }

  @Test(arguments: sizes, InstructionSet.available)
  func eventsAreTheInputsAboveTheThreshold(size: Int, instructionSet: InstructionSet) {
    var random = SplitMix(state: UInt64(size))
    var source = (0..<size).map { _ in random.nextFloat() }
    let above = Float(0.5).nextUp
    let special: [Float] = [0, -0.0, .nan, .infinity, -.infinity, 0.5, -0.5, above, -above, .leastNonzeroMagnitude]
    for index in 0..<min(size, special.count) { source[index] = special[index] }
    // With the last of them, which is no number, everything fires.
    for threshold: Float in [0, 0.5, .leastNonzeroMagnitude, 2, Float(bitPattern: .max)] {
      let events = Events(source, threshold: threshold, instructionSet)
      let expected = source.indices.filter { source[$0].isNaN || threshold.isNaN || abs(source[$0]) > threshold }
      #expect(events.fired == expected)
      #expect(events.carried.map(\.bitPattern) == expected.map { source[$0].bitPattern })
      let dense = withExtendedLifetime(events) { (0..<size).map { events.list.dense[$0].bitPattern } }
      #expect(dense == source.indices.map { expected.contains($0) ? source[$0].bitPattern : 0 })
    }
  }

  @Test func elementwiseFunctionsAreTheirFormulas() {
    let left: [Float] = [-2, -0.5, 0, 0.25, 3, 100]
    let right: [Float] = [4, -1, 0.5, 0.125, -3, 7]
    func unary(_ function: UnaryFunction) -> [Float] {
      var result = [Float](repeating: 9, count: left.count)
      Elementwise.unary(function, left, &result, count: left.count, nil)
      return result
    }
    func binary(_ function: BinaryFunction, _ leftStep: Int, _ rightStep: Int) -> [Float] {
      var result = [Float](repeating: 9, count: left.count)
      Elementwise.binary(function, left, leftStep: leftStep, right, rightStep: rightStep, &result, count: left.count, nil)
      return result
    }
    #expect(unary(.negate) == [2, 0.5, 0, -0.25, -3, -100])
    #expect(unary(.relu) == [0, 0, 0, 0.25, 3, 100])
    for (index, x) in left.enumerated() {
      #expect(ulps(unary(.exponential)[index], Float(exp(Double(x)))) <= 2)
      let error = abs(Double(unary(.sigmoid)[index]) - 1 / (1 + exp(-Double(x))))
      #expect(error < 1e-7)
    }
    #expect(binary(.add, 1, 1) == [2, -1.5, 0.5, 0.375, 0, 107])
    #expect(binary(.subtract, 1, 1) == [-6, 0.5, -0.5, 0.125, 6, 93])
    #expect(binary(.multiply, 1, 0) == [-8, -2, 0, 1, 12, 400])
    #expect(binary(.divide, 0, 1) == [-0.5, 2, -4, -16, 2 / 3, -2 / 7] as [Float])
    #expect(binary(.maximum, 1, 1) == [4, -0.5, 0.5, 0.25, 3, 100])
    #expect(binary(.minimum, 1, 1) == [-2, -1, 0, 0.125, -3, 7])
    #expect(unary(.absolute) == [2, 0.5, 0, 0.25, 3, 100])
    #expect(unary(.squareRoot)[2...] == [0, 0.5, Float(3).squareRoot(), 10] && unary(.squareRoot)[0].isNaN)
    #expect(unary(.sine) == left.map { sine($0) } && unary(.cosine) == left.map { cosine($0) })
    #expect(unary(.hyperbolicTangent) == left.map { hyperbolicTangent($0) })
    #expect(unary(.errorFunction) == left.map { errorFunction($0) })
    #expect(unary(.logarithm)[2...] == [-.infinity, logarithm(0.25), logarithm(3), logarithm(100)])
    #expect(binary(.threshold, 1, 1) == [0, -0.5, 0, 0.25, 3, 100])
    #expect(binary(.subtract, 0, 0) == [Float](repeating: -6, count: 6))
    var chosen = [Float](repeating: 9, count: left.count)
    Elementwise.choose(left, step: 1, right, leftStep: 0, left, rightStep: 1, &chosen, count: left.count)
    #expect(chosen == [-2, -0.5, 0, 4, 4, 4])
    var result: [Float] = [0, 0]
    Elementwise.binary(.maximum, [.nan, 1], leftStep: 1, [1, .nan], rightStep: 1, &result, count: 2, nil)
    #expect(result[0].isNaN && result[1].isNaN)
    Elementwise.binary(.minimum, [.nan, 1], leftStep: 1, [1, .nan], rightStep: 1, &result, count: 2, nil)
    #expect(result[0].isNaN && result[1].isNaN)
    Elementwise.binary(.threshold, [.nan, -7], leftStep: 1, [7, 7], rightStep: 1, &result, count: 2, nil)
    #expect(result[0].isNaN && result[1] == 0)
    Elementwise.unary(.relu, [.nan, -1], &result, count: 2, nil)
    #expect(result[0].isNaN && result[1] == 0)
  }

  /// The portable loops are what the formulas above were held against.
  @Test(arguments: InstructionSet.available)
  func elementwiseFunctionsAreTheSameBitsInAllInstructionSets(_ instructionSet: InstructionSet) throws {
    let kernels = try instructionSet.kernels()
    var random = SplitMix(state: 7)
    let special: [Float] = [
      0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, 0.5, -0.5, 1.5, 2.5,
      -2.5, 8_388_607.5, 8_388_609, -87.4, -104, -103.9, 88.7, 89, 127, -128,
    ]
    let left = special + (0..<1000).map { _ in 100 * random.nextFloat() }
    let right = Array(special.reversed()) + (0..<1000).map { _ in random.nextFloat() }
    func bits(_ function: (UnsafeMutablePointer<Float>, Int) -> Void, _ count: Int) -> [UInt32] {
      var result = [Float](repeating: 9, count: count + 1)
      function(&result, count)
      // Whatever number a NaN is.
      return result.map { $0.isNaN ? UInt32.max : $0.bitPattern }
    }
    for count in [1, 7, 8, 15, 16, 17, left.count] {
      for function in UnaryFunction.allCases {
        let expected = bits({ Elementwise.unary(function, left, $0, count: $1, nil) }, count)
        #expect(bits({ Elementwise.unary(function, left, $0, count: $1, kernels) }, count) == expected, "\(function) of \(count)")
      }
      for function in BinaryFunction.allCases {
        for (leftStep, rightStep) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
          func apply(_ kernels: UnsafePointer<quell_kernels>?) -> [UInt32] {
            bits({ Elementwise.binary(function, left, leftStep: leftStep, right, rightStep: rightStep, $0, count: $1, kernels) }, count)
          }
          #expect(apply(kernels) == apply(nil), "\(function) of \(count), steps \(leftStep) and \(rightStep)")
        }
      }
    }
  }

  @Test(arguments: [1, 2, 13, 300]) func layerNormalizationIsItsFormula(count: Int) {
    var random = SplitMix(state: UInt64(count))
    // A mean a thousand times the deviation would cost three digits in single precision.
    let source = (0..<count).map { _ in 1000 + random.nextFloat() }
    let gain = (0..<count).map { _ in random.nextFloat() }
    let bias = (0..<count).map { _ in random.nextFloat() }
    var result = [Float](repeating: 0, count: count)
    LayerNormalization.run(source, gain: gain, bias: bias, epsilon: 1e-5, &result, count: count, nil)
    let mean = source.reduce(0) { $0 + Double($1) } / Double(count)
    let variance = source.reduce(0) { $0 + pow(Double($1) - mean, 2) } / Double(count)
    for index in 0..<count {
      let normalized = (Double(source[index]) - mean) / (variance + 1e-5).squareRoot()
      let error: Double = abs(Double(result[index]) - (normalized * Double(gain[index]) + Double(bias[index])))
      #expect(error < 2e-4)
    }
  }

  @Test(arguments: [1, 2, 13, 300]) func rootMeanSquareNormalizationIsItsFormula(count: Int) {
    var random = SplitMix(state: UInt64(count))
    let source = (0..<count).map { _ in 10 * random.nextFloat() }
    let gain = (0..<count).map { _ in random.nextFloat() }
    var result = [Float](repeating: 0, count: count)
    RootMeanSquareNormalization.run(source, gain: gain, bias: nil, epsilon: 1e-5, &result, count: count, nil)
    let square = source.reduce(0) { $0 + Double($1) * Double($1) } / Double(count)
    for index in 0..<count {
      let expected = Double(source[index]) / (square + 1e-5).squareRoot() * Double(gain[index])
      #expect(abs(Double(result[index]) - expected) < 1e-6)
    }
  }

  @Test func arrangementsReadWhatTheirStepsSay() {
    let source = (0..<60).map { Float($0) }
    for (rows, columns, steps) in [(4, 5, (20, 1, 4)), (3, 2, (6, 0, 1)), (2, 3, (0, 7, 0)), (1, 6, (9, 0, 2)), (6, 1, (1, 5, 0))] {
      let order = Arrangement(rows: rows, columns: columns, blockStep: steps.0, rowStep: steps.1, columnStep: steps.2)
      let count = 3 * rows * columns
      var result = [Float](repeating: -1, count: count)
      order.copy(source, to: &result, count: count)
      for index in 0..<count {
        let place = index / rows / columns * steps.0 + index / columns % rows * steps.1 + index % columns * steps.2
        #expect(result[index] == source[place])
      }
    }
  }

  @Test func arrangementsMustStayInTheirSource() {
    func fits(_ rows: Int, _ columns: Int, _ steps: (Int, Int, Int), _ count: Int, _ available: Int) -> Bool {
      Arrangement(rows: rows, columns: columns, blockStep: steps.0, rowStep: steps.1, columnStep: steps.2).fits(count, within: available)
    }
    // The last element of two blocks is at 12 + 2 * 3 + 1.
    #expect(fits(3, 2, (12, 3, 1), 12, 20) && !fits(3, 2, (12, 3, 1), 12, 19))
    #expect(!fits(3, 2, (12, 3, 1), 11, 20) && !fits(0, 2, (1, 1, 1), 2, 20) && !fits(1, 1, (0, 0, 0), 1, 0))
    #expect(!fits(2, 2, (1, .max, 1), 4, 20) && !fits(.max, 2, (1, 1, 1), 4, 20) && !fits(2, .max / 2, (1, 1, 3), .max - 1, .max))
  }

  @Test(arguments: [1, 2, 7, 8, 9, 40], [1, 2, 8, 11]) func reductionsTakeTheMiddleAxisTogether(length: Int, inner: Int) {
    var random = SplitMix(state: UInt64(100 * length + inner))
    let source = (0..<(3 * length * inner)).map { _ in random.nextFloat() }
    for function in Reduction.allCases {
      var result = [Float](repeating: .nan, count: 3 * inner)
      function.run(source, length: length, inner: inner, &result, count: 3 * inner, nil)
      for index in result.indices {
        let taken = (0..<length).map { source[(index / inner * length + $0) * inner + index % inner] }
        switch function {
        case .sum: #expect(abs(Double(result[index]) - taken.reduce(0) { $0 + Double($1) }) < 1e-5)
        case .maximum: #expect(result[index] == taken.max())
        }
      }
    }
  }

  /// Boards without vector registers take one lane after the other.
  @Test(arguments: [1, 7, 8, 9, 16, 61, 300]) func reductionsLaneByLaneAndInAllInstructionSetsGiveTheSameBits(length: Int) throws {
    var random = SplitMix(state: UInt64(length))
    for source in [(0..<length).map { _ in random.nextFloat() }, (0..<length).map { $0 % 3 == 0 ? 0 : -0.0 }] {
      var result: [Float] = [.nan, .nan]
      Reduction.sum.run(source, length: length, inner: 1, &result[0], count: 1, nil)
      Reduction.maximum.run(source, length: length, inner: 1, &result[1], count: 1, nil)
      #expect(Reduction.laneByLane(source, count: length, 0) { $0 + $1 }.bitPattern == result[0].bitPattern)
      let greatest = Reduction.laneByLane(source, count: length, -.infinity) { Elementwise.maximum($0, $1) }
      #expect(greatest.bitPattern == result[1].bitPattern)
      for instructionSet in InstructionSet.available {
        Reduction.maximum.run(source, length: length, inner: 1, &result[1], count: 1, try instructionSet.kernels())
        #expect(greatest.bitPattern == result[1].bitPattern, "\(instructionSet)")
      }
    }
  }

  /// As in ONNX, wherever it stands.
  @Test(arguments: InstructionSet.available) func aNaNIsTheGreatestNumber(_ instructionSet: InstructionSet) throws {
    for length in [1, 5, 8, 19] {
      for place in 0..<length {
        var source = (0..<length).map { Float($0) }
        source[place] = .nan
        var result: Float = 0
        Reduction.maximum.run(source, length: length, inner: 1, &result, count: 1, try instructionSet.kernels())
        #expect(result.isNaN, "\(place) of \(length)")
      }
    }
  }

  /// Six query heads over three key/value heads, with scores that overflow a naive softmax.
  @Test func attentionIsTheSoftmaxAverage() {
    var random = SplitMix(state: 5)
    let cache = Cache(keyWidth: 3 * 5, valueWidth: 3 * 4, heads: 3)
    let positions = 6
    var (keys, values) = ([Float](repeating: 0, count: positions * 15), [Float](repeating: 0, count: positions * 12))
    var weights = [Float](repeating: 0, count: positions)
    for position in 0..<positions {
      let query = (0..<30).map { _ in 10 * random.nextFloat() }
      let key = (0..<15).map { _ in 10 * random.nextFloat() }
      let value = (0..<12).map { _ in random.nextFloat() }
      var result = [Float](repeating: 0, count: 24)
      keys.withUnsafeMutableBufferPointer { keys in
        values.withUnsafeMutableBufferPointer { values in
          weights.withUnsafeMutableBufferPointer { weights in
            let attention = Attention(
              cache: cache, heads: 6, scale: 2, keys: keys.baseAddress!, values: values.baseAddress!, weights: weights.baseAddress!)
            attention.run(query: query, key: key, value: value, position: position, result: &result)
          }
        }
      }
      for head in 0..<6 {
        let shared = head / 2
        let scores = (0...position).map { p in
          (0..<5).reduce(0.0) { $0 + 2 * Double(query[head * 5 + $1]) * Double(keys[p * 15 + shared * 5 + $1]) }
        }
        let exponentials = scores.map { exp($0 - scores.max()!) }
        for feature in 0..<4 {
          let sum = (0...position).reduce(0.0) { $0 + exponentials[$1] * Double(values[$1 * 12 + shared * 4 + feature]) }
          let error = abs(Double(result[head * 4 + feature]) - sum / exponentials.reduce(0, +))
          #expect(error < 1e-4)
        }
      }
    }
  }
}
