import Quell

/// The JSON document of `quell eval` on a text, and its lines for people.
struct EvaluationReport: Encodable {
  /// How far the model is from the reference, in nats.
  struct Divergence: Encodable {
    let mean: Double
    let percentile99: Double

    private enum CodingKeys: String, CodingKey {
      case mean
      case percentile99 = "p99"
    }
  }

  /// The reference by itself.
  struct Reference: Encodable {
    let loss: Double
  }

  let tokens: Int
  let documents: Int
  let bytes: Int
  let context: Int
  let stride: Int
  let loss: Double
  let lossStandardError: Double
  let perplexity: Double
  let perplexityStandardError: Double
  let bitsPerByte: Double
  let kl: Divergence?
  let top1Agreement: Double?
  let reference: Reference?
  let sparsity: SparsityReport
  let effectiveMacs: Double
  let denseMacs: Double
  let headEffectiveMacs: Double
  let headDenseMacs: Double

  private let price: Price

  init(_ evaluation: Evaluation, _ text: TextWindows, context: Int, stride: Int) {
    tokens = evaluation.tokens
    documents = text.documentCount
    bytes = text.byteCount
    self.context = context
    self.stride = stride
    loss = evaluation.loss
    lossStandardError = evaluation.lossError
    perplexity = evaluation.perplexity
    perplexityStandardError = evaluation.perplexityError
    bitsPerByte = evaluation.bitsPerByte
    kl = evaluation.comparison.map { Divergence(mean: $0.meanDivergence, percentile99: $0.highDivergence) }
    top1Agreement = evaluation.comparison?.agreement
    reference = evaluation.comparison.map { Reference(loss: $0.loss) }
    sparsity = evaluation.sparsity
    price = Price(evaluation.counts)
    effectiveMacs = price.effectiveMACs
    denseMacs = price.denseMACs
    headEffectiveMacs = price.headEffectiveMACs
    headDenseMacs = price.headDenseMACs
  }

  private enum CodingKeys: String, CodingKey {
    case tokens, documents, bytes, context, stride, loss, lossStandardError, perplexity, perplexityStandardError, bitsPerByte, kl
    case top1Agreement = "top1_agreement"
    case reference, sparsity, effectiveMacs, denseMacs, headEffectiveMacs, headDenseMacs
  }

  /// The report as lines of text.
  var text: String {
    var lines = [
      "loss           \(Figures.fixed(loss, 4)) ± \(Figures.fixed(lossStandardError, 4)) nats per token",
      "perplexity     \(Figures.fixed(perplexity, 2)) ± \(Figures.fixed(perplexityStandardError, 2))",
      "bits per byte  \(Figures.fixed(bitsPerByte, 4))",
    ]
    if let kl, let top1Agreement, let reference {
      lines += [
        "reference      loss \(Figures.fixed(reference.loss, 4)), \(Figures.signed(loss - reference.loss, 4)) here",
        "divergence     \(Figures.fixed(kl.mean, 4)) nats, 99 of 100 below \(Figures.fixed(kl.percentile99, 4))",
        "agreement      \(Percentage(top1Agreement)) with the same likeliest token",
      ]
    }
    let overlap = stride == context ? "" : ", one every \(stride)"
    lines.append("tokens         \(tokens); documents \(documents), windows of \(context)\(overlap)")
    lines.append("sparsity       \(Percentage(sparsity.macs)) of MACs, \(Percentage(sparsity.elements)) of inputs, head apart")
    return (lines + [price.line, ""] + sparsity.table).joined(separator: "\n") + "\n"
  }
}
