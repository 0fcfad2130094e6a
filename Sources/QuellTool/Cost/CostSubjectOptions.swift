import ArgumentParser
import Quell
import QuellCost
import QuellImport

/// What is priced: a model on a text, or a shape with published sparsities.
struct CostSubjectOptions: ParsableArguments {
  @Option(name: [.short, .customLong("model")], help: ArgumentHelp("The model, made by `quell import`.", valueName: "file"))
  var model: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The text that the model takes.", valueName: "file"))
  var file: String?

  @OptionGroup var sparsity: SparsityOptions

  @Option(
    help: ArgumentHelp(
      "Price a shape without running a model, such as rwkv4-3b or rwkv4:layers=1,d=1024,ffn=4096,head=off.", valueName: "shape"))
  var shape: String?

  @Option(help: ArgumentHelp("Percentages of quiet inputs by kind of site, as JSON, for --shape.", valueName: "file"))
  var siteSparsity: String?

  /// Refuses what does not belong together.
  func check() throws {
    guard (model == nil) != (shape == nil) else { throw ValidationError("give either a model (-m) with a text (-f) or a --shape") }
    guard (shape == nil) == (siteSparsity == nil) else { throw ValidationError("--shape and --site-sparsity belong together") }
    guard (model == nil) == (file == nil) else { throw ValidationError("-m and -f belong together") }
    if shape != nil, sparsity.thresholds != nil || sparsity.sparsity != nil {
      throw ValidationError("thresholds belong to a model (-m), not to a --shape")
    }
  }

  /// The shape without its key for the head, and whether it has one.
  private var describedShape: (text: String, hasHead: Bool) {
    get throws {
      let parts = (shape ?? "").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return (shape ?? "", true) }
      var hasHead = true
      var keys: [Substring] = []
      for key in parts[1].split(separator: ",") {
        switch key {
        case "head=off": hasHead = false
        case "head=on": hasHead = true
        default:
          guard !key.hasPrefix("head=") else { throw ValidationError("'\(key)' of --shape is neither head=on nor head=off") }
          keys.append(key)
        }
      }
      return ("\(parts[0]):\(keys.joined(separator: ","))", hasHead)
    }
  }

  /// Parts that are left out because the shape is without them.
  func leavesOut() throws -> [Component] { try describedShape.hasHead ? [] : [.head] }

  /// Counts what is to be priced on a device.
  func measure(for device: Device, _ execution: Execution, withNatural: Bool) throws -> CostSubject {
    if shape != nil { return try shapeSubject(for: device, execution, withNatural: withNatural) }
    let model = try openModel()
    let length = TextWindows.length(asked: nil, for: model)
    let measurement = try CostMeasurement(
      model, thresholds: sparsity.find(for: model), for: device, contextLength: length, withNatural: withNatural)
    try takeText(model, length: length) { window in try measurement.take(window) { try Interruption.check() } }
    return measurement.subject(
      name: model.name, fingerprint: ThresholdFile.digits(model.fingerprint), thresholds: thresholdsInWords)
  }

  /// NeuroBench's metrics of the model on the text.
  func neuroBench() throws -> NeuroBench {
    let model = try openModel()
    let length = TextWindows.length(asked: nil, for: model)
    let session = try Session(model, contextLength: length)
    try sparsity.apply(to: session)
    session.countInputEvents()
    try takeText(model, length: length) { window in
      session.reset()
      for token in window {
        try Interruption.check()
        try session.step(token)
      }
    }
    return NeuroBench(session)
  }

  /// Hands over the text in windows that each begin with nothing remembered.
  private func takeText(_ model: Model, length: Int, _ body: (ArraySlice<UInt32>) throws -> Void) throws {
    let path = file ?? ""
    let text = try TextWindows(Files.read(path), tokenizer: model.requireTokenizer(), length: length)
    guard text.predictionCount > 0 else { throw CommandFailure(.failed, "'\(path)' holds no text to take") }
    var progress = Progress("counting")
    defer { progress.finish() }
    for (index, window) in text.windows.enumerated() {
      try body(window.dropLast())
      progress.update(index + 1, of: text.windows.count)
    }
  }

  private func openModel() throws -> Model {
    let path = model ?? ""
    return try naming(path) { () throws(Failure) in try Model(path: path) }
  }

  private var thresholdsInWords: String {
    if let thresholds = sparsity.thresholds { return thresholds }
    if let fraction = sparsity.sparsity { return "calibrated to \(Percentage(fraction)) on \(sparsity.calibration ?? "")" }
    return "the model's own"
  }

  private func shapeSubject(for device: Device, _ execution: Execution, withNatural: Bool) throws -> CostSubject {
    let path = siteSparsity ?? ""
    let text = try describedShape.text
    let outline = try naming("--shape") { () throws(ImportFailure) in try outlineSyntheticModel(DecoderShape(text), weights: .bf16) }
    let bytes = try Files.read(path)
    let activity = try naming(path) { () throws(CostFailure) in
      try SiteSparsity(bytes).activity(of: outline, group: device.eventGroup, components: execution.components)
    }
    return CostSubject(
      name: shape ?? "", fingerprint: nil, thresholds: path, outline: outline,
      activity: ProgramActivity(tokens: 1, logits: 1, positions: 1, firstOfLogits: 0), sparse: activity.sparse,
      natural: withNatural ? activity.natural : nil)
  }
}
