import QuellImport

/// What an import found in a graph and made of it, for people.
struct ImportExplanation {
  private let report: ImportReport

  init(_ report: ImportReport) { self.report = report }

  /// The explanation as lines of text.
  var text: String {
    let producer = report.producer.isEmpty ? "an unnamed exporter" : report.producer
    let fusion = report.fusion
    var lines = ["graph     \(report.nodes) nodes of opset \(report.opset), by \(producer)"]
    lines += report.inputs.map { "input     \($0)" }
    lines += [
      "lifted    \(report.attentions) attentions and \(report.normalizations) normalisations, put together from their parts",
      "folded    \(report.folded) biases and gains into the operations before them",
      "sparse    \(report.thresholds) linear operations behind a threshold",
      "fused     \(fusion.linears) linear operations into \(fusion.matrices) wide matrices",
      "fused     \(fusion.elementwise) elementwise operations into \(fusion.chains) chains, \(fusion.eventLists) of which list events, too",
      "fused     \(fusion.copies) copies of new state into the operations that compute it",
      "program   \(report.operations) operations, \(report.stateSize) floats of state, \(report.scratchSize) of scratch",
      "output    \(report.vocabularySize) logits, "
        + (report.contextLength == 0 ? "any number of positions" : "at most \(report.contextLength) positions"),
      "",
    ]
    lines +=
      TextTable(
        header: ["weights", "matrices", "from", "to"],
        rows: report.storage.map { [$0.kind, "\($0.matrices)", $0.source, $0.isKept ? "\($0.stored), the same numbers" : $0.stored] }
      ).lines + [""]
    lines +=
      TextTable(
        header: ["site", "kind", "inputs", "outputs", "threshold"],
        rows: report.sites.map { [$0.name, $0.kind, "\($0.inputs)", "\($0.outputs)", "\($0.threshold)"] }
      ).lines
    return lines.joined(separator: "\n") + "\n\n"
  }
}
