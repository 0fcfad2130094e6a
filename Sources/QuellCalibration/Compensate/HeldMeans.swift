/// What a threshold holds back of each input of a site in the mean, which a bias can give back.
///
/// Enough where most inputs are zero by themselves, as behind a rectifier: what is held back is small and goes together with nothing,
/// but has one sign, so that all tokens lack it.
struct HeldMeans {
  /// The mean over all tokens, by input.
  let means: [Float]

  /// Looks at the inputs of a site that lies behind the cut, in memory for one vector a window.
  init(_ evaluation: LayerwiseEvaluation, site: Int, threshold: Float) throws {
    let length = evaluation.model.sites[site].inputs
    let sums = try evaluation.gather(inputsOf: site, initial: [Double](repeating: 0, count: length)) { sums, input in
      for (channel, number) in input.enumerated() where number.magnitude <= threshold { sums[channel] += Double(number) }
    }
    means = (0..<length).map { channel in Float(sums.reduce(0) { $0 + $1[channel] } / Double(evaluation.tokenCount)) }
  }

  /// Adds to a bias what weights, one row for each input, make of the means.
  func add(to bias: UnsafeMutablePointer<Float>, through weights: UnsafePointer<Float>, outputs: Int) {
    var sums = (0..<outputs).map { Double(bias[$0]) }
    for (input, mean) in means.enumerated() where mean != 0 {
      for output in 0..<outputs { sums[output] += Double(mean) * Double(weights[input * outputs + output]) }
    }
    for output in 0..<outputs { bias[output] = Float(sums[output]) }
  }
}
