import Foundation
import Testing

@testable import QuellCalibration

/// The arithmetic of compensation against hand-worked and independent values.
@Suite struct FitTests {
  private func matrix(_ rows: [[Float]]) -> Matrix {
    let result = Matrix(rows: rows.count, columns: rows[0].count)
    for (row, numbers) in rows.enumerated() { result.row(row).update(from: numbers, count: numbers.count) }
    return result
  }

  /// Numbers that look random and are the same on every run.
  private func numbers(rows: Int, columns: Int, seed: UInt32) -> Matrix {
    let result = Matrix(rows: rows, columns: columns)
    var state = seed
    for index in 0..<rows * columns {
      state = state &* 1_664_525 &+ 1_013_904_223
      result.numbers[index] = Float(state >> 8) / Float(1 << 24) - 0.5
    }
    return result
  }

  @Test(arguments: [(1, 1, 1), (131, 8, 16), (300, 70, 37), (5, 129, 3)])
  func productsAreSumsOfProducts(_ count: Int, _ rows: Int, _ columns: Int) {
    let (left, right) = (numbers(rows: count, columns: rows, seed: 1), numbers(rows: count, columns: columns, seed: 2))
    let transposed = Matrix(rows: rows, columns: count)
    for t in 0..<count { for i in 0..<rows { transposed[i, t] = left[t, i] } }
    let (sums, other) = (numbers(rows: rows, columns: columns, seed: 3), numbers(rows: rows, columns: columns, seed: 3))
    let before = numbers(rows: rows, columns: columns, seed: 3)
    Product(left: .init(left), right: .init(right), count: count, factor: -2).add(to: sums, rows: rows, columns: columns)
    Product(left: .init(transposed: transposed), right: .init(right), count: count, factor: -2).add(to: other, rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns {
        let exact = (0..<count).reduce(Double(before[i, j])) { $0 - 2 * Double(left[$1, i]) * Double(right[$1, j]) }
        #expect(abs(Double(sums[i, j]) - exact) < 1e-5)
        #expect(sums[i, j] == other[i, j])
      }
    }
  }

  @Test func aSmallSystemIsSolvedAsByHand() throws {
    // U = [2 1; 0 3], so that the factor is known, and A x = (8, 22) for x = (1, 2).
    let factor = try #require(Cholesky(consuming: matrix([[4, 2], [2, 10]])))
    let sides = matrix([[8], [22]])
    factor.solve(sides)
    #expect(abs(sides[0, 0] - 1) < 1e-6 && abs(sides[1, 0] - 2) < 1e-6)
  }

  @Test(arguments: [5, 64, 150]) func solutionsOfLargerSystemsFitThem(_ n: Int) throws {
    let root = numbers(rows: n + 20, columns: n, seed: 5)
    let (system, copy) = (Matrix(rows: n, columns: n), Matrix(rows: n, columns: n))
    for i in 0..<n {
      for j in 0..<n {
        system[i, j] = (0..<n + 20).reduce(Float(i == j ? 0.1 : 0)) { $0 + root[$1, i] * root[$1, j] }
        copy[i, j] = system[i, j]
      }
    }
    let (sides, solution) = (numbers(rows: n, columns: 3, seed: 6), numbers(rows: n, columns: 3, seed: 6))
    try #require(Cholesky(consuming: system)).solve(solution)
    for row in 0..<n {
      for column in 0..<3 {
        let sum = (0..<n).reduce(0.0) { $0 + Double(copy[row, $1]) * Double(solution[$1, column]) }
        #expect(abs(sum - Double(sides[row, column])) < 1e-3)
      }
    }
  }

  @Test func whatIsNotPositiveDefiniteIsRefused() {
    #expect(Cholesky(consuming: matrix([[1, 2], [2, 1]])) == nil)
    #expect(Cholesky(consuming: matrix([[0]])) == nil)
    #expect(Cholesky(consuming: matrix([[.nan]])) == nil)
  }

  // MARK: Against NumPy

  private struct Fixture: Decodable {
    let threshold: Float
    let inputs, weights, fitted: [[Float]]
    let bias, centre, fittedBias, deviations, passing: [Float]

    init() throws {
      let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/fit.json")
      self = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
    }
  }

  @Test func fittedWeightsAreThoseOfNumPy() throws {
    let fixture = try Fixture()
    let inputs = matrix(fixture.inputs)
    let moments = SparseMoments(inputs, threshold: fixture.threshold, centre: fixture.centre)
    let fit = LeastSquaresFit(moments, centre: fixture.centre)
    let (fitted, bias) = fit.fit(fixture.weights.flatMap { $0 }, bias: fixture.bias, outputs: 5)
    for (row, line) in fixture.fitted.enumerated() {
      for (column, number) in line.enumerated() { #expect(abs(fitted[row, column] - number) < 2e-5) }
    }
    for (found, number) in zip(bias, fixture.fittedBias) { #expect(abs(found - number) < 2e-5) }
  }

  @Test func whatNothingIsKnownOfIsGuessedToBeItsMean() {
    let inputs = matrix([[1, 3], [2, 5]])
    let fit = LeastSquaresFit(SparseMoments(inputs, threshold: 9, centre: [1, 1]), centre: [1, 1])
    let (fitted, bias) = fit.fit([2, -1], bias: [10], outputs: 1)
    #expect((fitted[0, 0], fitted[1, 0]) == (2, -1))
    // 10 + 2 * 1.5 - 4.
    #expect(bias == [9])
  }

  @Test func aBiasGivesBackTheMeansOfWhatIsHeldBack() throws {
    let (model, windows) = (ShippedModel.transformer.model, try ShippedModel.transformer.unevenWindows)
    let site = try #require(model.sitesInOrder.first)
    let evaluation = try LayerwiseEvaluation(model, windows, threads: 2)
    let inputs = try evaluation.gather(inputsOf: site, initial: [[Float]]()) { $0.append(Array($1)) }.joined()
    let held = try HeldMeans(evaluation, site: site, threshold: 0.5)
    for (channel, mean) in held.means.enumerated() {
      let sum = inputs.reduce(0.0) { $0 + (abs($1[channel]) <= 0.5 ? Double($1[channel]) : 0) }
      #expect(abs(Double(mean) - sum / Double(inputs.count)) < 1e-6)
    }
    // Weights that pass the first input on, and twice the second.
    var weights = [Float](repeating: 0, count: held.means.count * 2)
    (weights[0], weights[3]) = (1, 2)
    var bias: [Float] = [10, 20]
    held.add(to: &bias, through: weights, outputs: 2)
    #expect(abs(bias[0] - 10 - held.means[0]) < 1e-5 && abs(bias[1] - 20 - 2 * held.means[1]) < 1e-5)
  }

  @Test func outputsGetBackWhatAFitTakesFromThem() throws {
    let fixture = try Fixture()
    let (inputs, fitted) = (matrix(fixture.inputs), matrix(fixture.fitted))
    var bias = fixture.fittedBias
    let restoration = OutputRestoration(inputs, threshold: fixture.threshold, centre: fixture.centre)
    restoration.restore(fitted, &bias, like: fixture.weights.flatMap { $0 }, bias: fixture.bias, .squaredRelu)
    for output in bias.indices {
      let outputs = fixture.inputs.map { input in
        input.indices.reduce(bias[output]) { sum, channel in
          let number = input[channel] - fixture.centre[channel]
          return sum + (number.magnitude > fixture.threshold ? number * fitted[channel, output] : 0)
        }
      }
      #expect(abs(OutputRestoration.moments(outputs).deviation - Double(fixture.deviations[output])) < 1e-4)
      let passing = outputs.reduce(0) { $0 + max($1, 0) * max($1, 0) } / Float(outputs.count)
      #expect(abs(passing - fixture.passing[output]) < 1e-4)
    }
  }

  @Test func aChannelIsCentredWhereItsNumbersCrowd() {
    // A quarter of 8 numbers is a span of 2: the narrowest is 1.0 to 1.2. The second channel is constant.
    let vectors = matrix([[-4, 2], [1.1, 2], [1.2, 2], [9, 2], [1, 2], [5, 2], [-7, 2], [3, 2]])
    let modes = SiteInputs(vectors).modes(holding: 0.25)
    #expect(abs(modes[0] - 1.1) < 1e-6)
    #expect(modes[1] == 2)
  }

  @Test func quantilesAreOfMagnitudesAboutTheCentre() {
    let inputs = SiteInputs(matrix([[1, -2], [3, -4]]))
    #expect(inputs.quantile(0.5, around: nil) == 2)
    #expect(inputs.quantile(0.75, around: nil) == 3)
    #expect(inputs.quantile(0.5, around: [1, -4]) == 0)
    #expect(inputs.quantile(1, around: [1, -4]) == 2)
  }
}
