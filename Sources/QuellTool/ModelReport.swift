import Foundation
import Quell
import QuellImport

/// What a model file holds, for people and as JSON.
struct ModelReport: Encodable {
  /// The input of one or more linear operations.
  struct SiteReport: Encodable {
    let name: String
    let kind: String
    let inputs: Int
    let outputs: Int
    let threshold: Float
  }

  /// Tensors of one type of number.
  struct TensorReport: Encodable {
    let format: String
    let count: Int
    let parameters: Int
    let bytes: Int
  }

  /// How far the model's logits are from those of a reference.
  struct Verification: Encodable {
    let tokens: Int
    let largestError: Float
    let relativeError: Double
    let sameArgMax: Int

    init(_ agreement: ReferenceAgreement) {
      tokens = agreement.tokens
      largestError = agreement.largestError
      relativeError = agreement.relativeError
      sameArgMax = agreement.sameArgMax
    }

    /// The verification in a line.
    var summary: String {
      String(
        format: "logits within %.2e of the reference, relative error %.2e, the same first choice after %d of %d tokens",
        Double(largestError), relativeError, sameArgMax, tokens)
    }
  }

  let name: String
  let fileBytes: Int
  let fingerprint: String
  let vocabularySize: Int
  let contextLength: Int
  let hasTokenizer: Bool
  let stateBytes: Int
  let scratchBytes: Int
  let cacheBytesPerPosition: Int
  let operations: Int
  let denseMacs: Int
  let headDenseMacs: Int
  let tensors: [TensorReport]
  let sites: [SiteReport]
  let program: [String]?
  /// Only of an import that was given a reference.
  var verification: Verification?

  init(_ model: Model, includingProgram: Bool) {
    name = model.name
    fileBytes = model.byteCount
    fingerprint = ThresholdFile.digits(model.fingerprint)
    vocabularySize = model.vocabularySize
    contextLength = model.contextLength
    hasTokenizer = model.tokenizer != nil
    stateBytes = 4 * model.stateSize
    scratchBytes = 4 * model.scratchSize
    cacheBytesPerPosition = 4 * model.caches.reduce(0) { $0 + $1.keyWidth + $1.valueWidth }
    operations = model.operations.count
    denseMacs = model.sites.filter { !$0.isHead }.reduce(0) { $0 + $1.inputs * $1.outputs }
    headDenseMacs = model.sites.filter(\.isHead).reduce(0) { $0 + $1.inputs * $1.outputs }
    tensors = WeightFormat.allCases.compactMap { format in
      let tensors = model.tensors.filter { $0.format == format }
      guard !tensors.isEmpty else { return nil }
      return TensorReport(
        format: "\(format)", count: tensors.count, parameters: tensors.reduce(0) { $0 + $1.rows * $1.columns },
        bytes: tensors.reduce(0) { $0 + $1.byteCount })
    }
    sites = model.sites.map { site in
      SiteReport(name: site.name, kind: site.kind, inputs: site.inputs, outputs: site.outputs, threshold: site.threshold)
    }
    program = includingProgram ? ProgramListing(model).lines : nil
  }

  /// The report in a line.
  var summary: String {
    let weights = tensors.map { "\(Figures.count(Double($0.parameters))) \($0.format)" }.joined(separator: " and ")
    return "\(sites.count) sites, \(operations) operations, \(weights) weights, \(Figures.bytes(fileBytes)), "
      + (hasTokenizer ? "with tokenizer" : "no tokenizer")
  }

  /// The report as lines of text.
  var text: String {
    var lines = [
      "name          \(name)",
      "file          \(Figures.bytes(fileBytes)), fingerprint \(fingerprint)",
      "vocabulary    \(vocabularySize) tokens, \(hasTokenizer ? "with tokenizer" : "no tokenizer")",
      "context       \(contextLength == 0 ? "unlimited" : "\(contextLength) positions")",
      "memory        state \(Figures.bytes(stateBytes)), scratch \(Figures.bytes(scratchBytes)), "
        + "caches \(Figures.bytes(cacheBytesPerPosition)) per position",
      "program       \(operations) operations, \(Figures.count(Double(denseMacs))) MACs per token, "
        + "head \(Figures.count(Double(headDenseMacs)))",
    ]
    lines += tensors.map { tensors in
      "tensors       \(tensors.count) of type \(tensors.format), \(Figures.count(Double(tensors.parameters))) parameters, "
        + Figures.bytes(tensors.bytes)
    }
    lines.append("")
    lines +=
      TextTable(
        header: ["site", "kind", "inputs", "outputs", "threshold"],
        rows: sites.map { [$0.name, $0.kind, "\($0.inputs)", "\($0.outputs)", "\($0.threshold)"] }
      ).lines
    if let program { lines += [""] + program }
    return lines.joined(separator: "\n") + "\n"
  }
}
