import ArgumentParser
import Foundation
import Quell
import QuellImport

/// `quell export`: writes an ONNX export once more, with thresholds in it.
struct ExportCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Put thresholds into an ONNX export, for other runtimes.",
    discussion: """
      The graph stays as it is but for a Shrink operator before the linear operations of each site, which keeps what is above the \
      site's threshold; the graph needs operator set 9 or later. Where weights lie in files beside the export, the new one must be \
      written into the same folder.
      """)

  static let examples = [
    "quell export model.onnx --thresholds thresholds.json -o sparse.onnx",
    "quell export model.onnx -m model.gguf --thresholds thresholds.json -o sparse.onnx",
  ]

  @Argument(help: ArgumentHelp("The ONNX file that the model was imported from.", valueName: "model.onnx"))
  var source: String

  @Option(help: ArgumentHelp("Thresholds made by `quell calibrate`.", valueName: "file"))
  var thresholds: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The model that was calibrated. (default: the ONNX file is imported again for a moment)", valueName: "file"))
  var model: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the ONNX file.", valueName: "file"))
  var output: String

  func run() throws {
    let found = try siteThresholds()
    let report = try naming(source, output) {
      try exportONNX(from: source, to: output, thresholds: found, progress: { _, _ in !Interruption.isRequested })
    }
    for branch in report.branches {
      StandardError.note("\(branch) chooses between graphs: the one that steps take has the thresholds, the other stays dense")
    }
    try StandardOutput.write("\(output): \(report.shrinks) Shrink operators for \(report.sparseSites) of \(found.count) sites\n")
  }

  /// The thresholds by site, once it is certain that they were made for a model of this source.
  private func siteThresholds() throws -> [SiteThreshold] {
    let file = try ThresholdFile.read(thresholds)
    if let model { return try pairs(file, try naming(model) { try Model(path: model) }) }
    let temporary = "\(output).\(getpid()).gguf"
    defer { unlink(temporary) }
    var last: Model?
    // What tells models apart depends on how their weights are stored, which the thresholds do not say.
    for weights in WeightOption.allCases {
      do {
        let options = ImportOptions(weights: weights.type, progress: { _, _ in !Interruption.isRequested })
        try importONNX(from: source, to: temporary, options: options)
      } catch {
        if error.kind == .unsupported, last != nil { continue }
        try naming(source, output) { throw error }
      }
      let model = try naming(source) { try Model(path: temporary) }
      last = model
      if file.belongs(to: model) { break }
    }
    return try last.map { try pairs(file, $0) } ?? []
  }

  private func pairs(_ file: ThresholdFile, _ model: Model) throws -> [SiteThreshold] {
    zip(model.sites, try file.thresholds(for: model, thresholds)).map { SiteThreshold(site: $0.name, theta: $1) }
  }
}
