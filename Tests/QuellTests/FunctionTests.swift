import Foundation
import Testing

@testable import Quell

/// Distance in representable numbers.
func ulps(_ left: Float, _ right: Float) -> Int {
  func ordered(_ x: Float) -> Int { x.sign == .minus ? -Int(x.bitPattern & 0x7fff_ffff) : Int(x.bitPattern) }
  return abs(ordered(left) - ordered(right))
}

/// The functions of one element against the mathematics library in double precision.
@Suite struct FunctionTests {
  /// The greatest distance over evenly spaced numbers.
  private func worst(
    _ function: (Float) -> Float, _ exact: (Double) -> Double, _ range: ClosedRange<Float>, step: Float
  ) -> Int {
    var worst = 0
    var x = range.lowerBound
    while x <= range.upperBound {
      worst = max(worst, ulps(function(x), Float(exact(Double(x)))))
      x += step
    }
    return worst
  }

  @Test func wavesAreWithinAUnitInTheLastPlace() {
    #expect(worst(sine, sin, -20...20, step: 0.000_173) <= 1)
    #expect(worst(cosine, cos, -20...20, step: 0.000_173) <= 1)
    // Positions up to 2^20, and beyond.
    #expect(worst(sine, sin, 0...1_048_576, step: 3.37) <= 1)
    #expect(worst(cosine, cos, 0...1_048_576, step: 3.37) <= 1)
    #expect(worst(sine, sin, -268_435_456 ... -200_000_000, step: 12_345) <= 1)
    #expect(worst(cosine, cos, 200_000_000...268_435_456, step: 12_345) <= 1)
    #expect(sine(0) == 0 && cosine(0) == 1 && sine(.nan).isNaN && cosine(.nan).isNaN)
    #expect(abs(sine(.greatestFiniteMagnitude)) <= 1 && abs(cosine(-.infinity)) <= 1)
  }

  @Test func theHyperbolicTangentIsWithinTwoUnitsInTheLastPlace() {
    #expect(worst(hyperbolicTangent, tanh, -10...10, step: 0.000_113) <= 2)
    #expect(worst(hyperbolicTangent, tanh, 0...1e-4, step: 1.3e-9) <= 2)
    #expect(hyperbolicTangent(100) == 1 && hyperbolicTangent(-.infinity) == -1 && hyperbolicTangent(.nan).isNaN)
  }

  @Test func theErrorFunctionIsWithinFourUnitsInTheLastPlace() {
    #expect(worst(errorFunction, erf, -5...5, step: 0.000_057) <= 4)
    #expect(worst(errorFunction, erf, 0...1e-4, step: 1.3e-9) <= 4)
    #expect(errorFunction(.infinity) == 1 && errorFunction(-100) == -1 && errorFunction(.nan).isNaN)
  }

  @Test func theLogarithmIsWithinTwoUnitsInTheLastPlace() {
    #expect(worst(logarithm, log, 0.001...5, step: 0.000_021) <= 2)
    for exponent in -140...120 {
      for fraction: Float in [1, 1.2, 1.414, 1.415, 1.9] {
        let x = fraction * Float(pow(2, Double(exponent)))
        #expect(ulps(logarithm(x), Float(log(Double(x)))) <= 2)
      }
    }
    #expect(logarithm(1) == 0 && logarithm(0) == -.infinity && logarithm(.infinity) == .infinity)
    #expect(logarithm(-1).isNaN && logarithm(.nan).isNaN)
  }
}
