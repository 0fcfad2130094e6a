import Quell
import QuellImport

/// A model with thresholds, and with weights that make up for them: the method `compensate`.
///
/// The sites are taken in the order of the program, each on what it sees once those before it are sparse and compensated. It gets a
/// centre where most of its numbers crowd, the quantile of the magnitudes about it as threshold, weights and a bias that guess from
/// what is sent on what is held back (``LeastSquaresFit``), and outputs that deviate and pass rectifiers as before
/// (``OutputRestoration``). All of it is folded into weights and biases: a step computes nothing more than the subtraction of the
/// centres.
///
/// Costs about three forward passes over the tokens, and n^3 operations for a site of n inputs. The weights are kept in single
/// precision in a file until they are written.
public final class Compensation {
  /// What is known of the sites when a compensation begins.
  public struct Plan {
    /// The fraction of each site's inputs that is to be quiet; a site that is as quiet by itself keeps its weights and a threshold of 0.
    public var quiet: [Double]
    /// The fraction that is zero by itself.
    public var natural: [Double]
    /// Whether sites get centres.
    public var isCentred: Bool

    /// A plan of its parts.
    public init(quiet: [Double], natural: [Double], isCentred: Bool) {
      (self.quiet, self.natural, self.isCentred) = (quiet, natural, isCentred)
    }

    /// Whether more is to be quiet at a site than is by itself.
    func isThresholded(_ site: Int) -> Bool { quiet[site] > natural[site] + 1e-4 }

    /// Whether weights make up for what is held back. Where many inputs are zero by themselves, what remains to be held back is little
    /// and goes together with nothing: a bias makes up for its mean.
    func isFitted(_ site: Int) -> Bool { isThresholded(site) && natural[site] < 0.1 }

    func hasCentre(_ site: Int) -> Bool { isCentred && isFitted(site) }
  }

  /// Outputs are restored from so many vectors.
  private static let restorationSample = 4096

  /// The loss on the windows, in nats.
  public private(set) var loss = 0.0
  /// The thresholds, and what they leave quiet.
  public let evaluation: LayerwiseEvaluation

  private let fitted: FittedModel
  private let plan: Plan
  private let weights: WeightType
  private let isStopped: () -> Bool

  /// Fits the weights of a model.
  ///
  /// - Parameters:
  ///   - output: The file that will be written: what is fitted lies beside it meanwhile.
  ///   - windows: Of the calibration text, each with at least two tokens.
  ///   - isStopped: Asked now and then; where it says true, the work ends with a failure and nothing is left behind.
  ///   - progress: Gets the name of the site that is fitted and the fraction of the work that is done.
  /// - Throws: `ImportFailure` where the model is quantised or a file cannot be written.
  public init(
    of path: String, near output: String, _ plan: Plan, windows: [ArraySlice<UInt32>], threads: Int,
    isStopped: @escaping () -> Bool = { false }, progress: (_ site: String, _ fraction: Double) -> Void
  ) throws {
    let workplace = "\(output).\(String(UInt32.random(in: .min ... .max), radix: 16)).fitting"
    let centred = Set(plan.quiet.indices.filter { plan.hasCentre($0) })
    fitted = try FittedModel(copying: path, to: workplace, centredSites: centred) { _, _ in !isStopped() }
    weights = try Model(path: path).matrixType
    evaluation = try LayerwiseEvaluation(fitted.model, windows, threads: threads, isStopped: isStopped)
    (self.plan, self.isStopped) = (plan, isStopped)
    let sites = fitted.model.sites
    for site in fitted.model.sitesInOrder where plan.isThresholded(site) {
      progress(sites[site].name, 1 - evaluation.work(from: site))
      try compensate(site, inputs: sites[site].inputs)
      fitted.releaseMemory()
    }
    loss = try evaluation.finish()
  }

  /// Writes the model, laid out for how quiet the sites are; its weights in the type that it had, or in another one.
  public func write(to output: String, weights: WeightType? = nil) throws {
    let isStopped = isStopped
    try convertModel(
      from: fitted.path, to: output,
      options: ConversionOptions(
        weights: weights ?? self.weights, thresholds: evaluation.thresholds, siteSparsity: evaluation.quietFractions,
        progress: { _, _ in !isStopped() }))
  }

  private func compensate(_ site: Int, inputs length: Int) throws {
    try evaluation.advance(beforeFirstOf: [site])
    let linears = fitted.linears[site]
    guard plan.isFitted(site), !linears.isEmpty else { return try setThreshold(site, linears) }
    let numbers = try evaluation.gather(inputsOf: site, initial: [Float]()) { $0.append(contentsOf: $1) }
    let inputs = SiteInputs(numbers, length: length)
    let centre = fitted.centres[site] == nil ? nil : inputs.modes(holding: plan.quiet[site])
    let threshold = inputs.quantile(plan.quiet[site], around: centre)
    evaluation.setThreshold(threshold, site: site)
    let fit = LeastSquaresFit(SparseMoments(inputs.vectors, threshold: threshold, centre: centre), centre: centre)
    let restoration = OutputRestoration(inputs.sample(Compensation.restorationSample).vectors, threshold: threshold, centre: centre)
    for linear in linears {
      var (weights, bias) = fit.fit(linear.weights, bias: linear.bias, outputs: linear.outputs)
      restoration.restore(weights, &bias, like: linear.weights, bias: linear.bias, linear.activation)
      weights.copy(to: linear.weights)
      linear.bias.update(from: bias, count: bias.count)
    }
    if let centre { fitted.centres[site]?.update(from: centre, count: centre.count) }
  }
}

extension Compensation {
  /// Gives a site that is not fitted its threshold, and biases that make up for the mean of what is held back, in little memory: such
  /// sites are the widest.
  private func setThreshold(_ site: Int, _ linears: [FittedModel.Fitted]) throws {
    let threshold = try evaluation.histogram(ofInputsOf: site).quantile(plan.quiet[site]).magnitude
    defer { evaluation.setThreshold(threshold, site: site) }
    guard !linears.isEmpty else { return }
    let held = try HeldMeans(evaluation, site: site, threshold: threshold)
    for linear in linears { held.add(to: linear.bias, through: linear.weights, outputs: linear.outputs) }
  }
}

extension Allocation {
  /// What a compensation is to do for a sparsity.
  public func plan(sparsity: Double, isCentred: Bool) -> Compensation.Plan {
    Compensation.Plan(quiet: fractions(sparsity: sparsity), natural: naturalFractions, isCentred: isCentred)
  }
}

extension Model {
  /// The type of all matrices and tables where they have one in common, else single precision.
  fileprivate var matrixType: WeightType {
    let tensors = self.tensors
    var formats = Set<WeightFormat>()
    for operation in operations {
      switch operation {
      case .linear(let matrix, _, _, _, _), .row(let matrix, _, _, _, _): formats.insert(tensors[matrix].format)
      default: break
      }
    }
    return switch (formats.count, formats.first) {
    case (1, .f16): .f16
    case (1, .bf16): .bf16
    default: .f32
    }
  }
}
