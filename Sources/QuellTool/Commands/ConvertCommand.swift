import ArgumentParser
import Foundation
import Quell
import QuellCalibration
import QuellImport

/// `quell convert`: writes a model in another form.
struct ConvertCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Write a model with other weight types or activations, or laid out for its thresholds.",
    discussion: """
      With --thresholds the new file carries them, and every matrix is laid out for how sparse its input is: by inputs, so that \
      an event reads one row, where at least 30 % are quiet, and by outputs, to be read whole, elsewhere.

      With --activations int8 what every matrix meets is first scaled by its greatest magnitude and rounded to a whole number of 8 bits, for \
      processors that multiply such numbers faster, Cortex-M above all. Thresholds that the model has keep their meaning; those that are found or \
      given later are of whole numbers up to 127.

      With --order-neurons hidden units stand in the order of how often they fire over a text, so that what events read lies together. \
      The model computes the same.
      """)

  static let examples = [
    "quell convert -m model.gguf --thresholds thresholds.json -o sparse.gguf",
    "quell convert -m model.gguf --weights int8 --activations int8 -o small.gguf",
    "quell convert -m model.gguf --thresholds thresholds.json --order-neurons text.txt -o sparse.gguf",
  ]

  @OptionGroup var model: ModelOption

  @Option(help: ArgumentHelp("How matrices are stored; source leaves them as they are.", valueName: "type"))
  var weights = WeightOption.source

  @Option(help: ArgumentHelp("What matrices meet; int8 is for weights of int8.", valueName: "type"))
  var activations = ActivationOption.source

  @Option(help: ArgumentHelp("Thresholds made by `quell calibrate` for this model.", valueName: "file"))
  var thresholds: String?

  @Option(help: ArgumentHelp("Order hidden units by how often they fire over this text.", valueName: "file"))
  var orderNeurons: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the model.", valueName: "file"))
  var output: String

  func run() throws {
    let model = try model.open()
    var options = ConversionOptions(weights: weights.type, activations: activations.type)
    if let thresholds {
      let file = try ThresholdFile.read(thresholds)
      options.thresholds = try file.thresholds(for: model, thresholds)
      options.siteSparsity = file.siteSparsity(for: model)
    }
    let changed: Int
    var orders = ""
    if let orderNeurons {
      let counts = try NeuronOrdering.firingCounts(of: model, options.thresholds, over: orderNeurons)
      let unordered = "\(output).\(ProcessInfo.processInfo.processIdentifier).unordered"
      defer { try? FileManager.default.removeItem(atPath: unordered) }
      changed = try ModelConversion.run(self.model.model, to: unordered, options)
      orders = "; hidden units of \(try NeuronOrdering.run(unordered, to: output, counts)) sites ordered"
    } else {
      changed = try ModelConversion.run(self.model.model, to: output, options)
    }
    let layouts = options.siteSparsity == nil ? "" : "; \(changed) matrices laid out anew"
    let report = try naming(output) { ModelReport(try Model(path: output), includingProgram: false) }
    try StandardOutput.write("\(output): \(report.summary)\(layouts)\(orders)\n")
  }
}

/// The types of activations by their names on the command line.
enum ActivationOption: String, ExpressibleByArgument, CaseIterable {
  case source, int8

  /// The importer's name.
  var type: ActivationType {
    switch self {
    case .source: .source
    case .int8: .int8
    }
  }
}

/// A conversion that shows its progress and ends with Ctrl-C.
enum ModelConversion {
  /// Returns how many matrices changed their layout.
  @discardableResult
  static func run(_ path: String, to output: String, _ options: ConversionOptions) throws -> Int {
    var progress = Progress("converting", in: .bytes)
    defer { progress.finish() }
    var options = options
    return try naming(path, output) {
      options.progress = { done, total in
        progress.update(done, of: total)
        return !Interruption.isRequested
      }
      return try convertModel(from: path, to: output, options: options)
    }
  }
}
