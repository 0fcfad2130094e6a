import ArgumentParser
import Foundation
import Quell
import QuellCost

/// `quell cost`: what a model costs on a device.
struct CostCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "cost", abstract: "Tell what a model costs on a neuromorphic processor.",
    discussion: """
      Runs a model over a text, or takes published sparsities at a shape, counts the work and puts the prices of a device's profile \
      on it. Everything is modelled, not measured. Devices: \(ShippedDevices.names.joined(separator: ", ")), or the path of a profile of \
      your own; docs/COST.md says how to write one.
      """)

  static let examples = [
    "quell cost -m model.gguf -f text.txt --thresholds thresholds.json --device seneca",
    "quell cost -m model.gguf -f text.txt --sparsity 0.63 --calibration text.txt --weights int8 --svg cost.svg",
    "quell cost --shape rwkv4:layers=1,d=1024,ffn=4096,head=off --site-sparsity sites.json --device seneca-poster --json",
    "quell cost --device seneca --show-device > device.json",
  ]

  @OptionGroup var subject: CostSubjectOptions

  @OptionGroup var device: CostDeviceOptions

  @Option(help: ArgumentHelp("Compare with natural zeros or with no zeros skipped alone. (default: both)", valueName: "case"))
  var against: Against?

  @Option(help: "What the table has a line for.")
  var by = Level.kind

  @Option(help: ArgumentHelp("Write the figures as comma-separated values, too.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Write a figure, too.", valueName: "file"))
  var svg: String?

  @Flag(help: "Print one JSON document instead.")
  var json = false

  @Flag(help: "Print the metrics of NeuroBench as JSON instead.")
  var neurobench = false

  @Flag(help: "Print the device's profile instead, to write another one from.")
  var showDevice = false

  @Flag(help: "Print the device's prices as C source instead, for quell_cost_price.")
  var prices = false

  /// What is compared with.
  enum Against: String, ExpressibleByArgument, CaseIterable {
    case natural, dense
  }

  /// What the table has a line for.
  enum Level: String, ExpressibleByArgument, CaseIterable {
    case kind, layer, group, component

    var level: CostReport.Level { CostReport.Level(rawValue: rawValue)! }
  }

  func validate() throws {
    let modes = [json, neurobench, showDevice, prices].count { $0 }
    guard modes <= 1 else { throw ValidationError("--json, --neurobench, --show-device and --prices exclude each other") }
    guard !showDevice, !prices else { return }
    try subject.check()
    if neurobench, subject.model == nil { throw ValidationError("--neurobench needs a model (-m) that runs") }
  }

  func run() throws {
    if showDevice {
      try StandardOutput.write(device.profile())
      return
    }
    let profile = try device.read()
    if prices {
      try StandardOutput.write(PriceTable.source(of: profile))
      return
    }
    if neurobench {
      try StandardOutput.write(Array(try JSONDocument.encode(subject.neuroBench(), keys: .useDefaultKeys)))
      return
    }
    let execution = try device.execution(on: profile, excluding: subject.leavesOut())
    var subject = try subject.measure(for: profile, execution, withNatural: against != .dense)
    if let weights = device.weights { subject.outline = subject.outline.storing(weights.format) }
    let report = try naming(device.device) { () throws(CostFailure) in try CostReport(subject, on: profile, execution) }
    if let csv { try Files.write(Data(CostSheet.document(report).utf8), to: csv) }
    if let svg { try Files.write(Data(CostFigure.document(report).utf8), to: svg) }
    if json {
      try StandardOutput.write(CostDocument(report).encoded())
    } else {
      try StandardOutput.write(CostText(report, by: by.level, showsDense: against != .natural).text)
    }
  }
}
