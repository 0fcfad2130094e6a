/// The threshold of a site: of the vector there, only numbers of a greater magnitude are sent on.
public struct SiteThreshold: Sendable {
  /// The site's name, as the import of the model names it.
  public var site: String
  /// A finite number of at least 0.
  public var theta: Float

  /// A threshold of a site.
  public init(site: String, theta: Float) {
    self.site = site
    self.theta = theta
  }
}

/// What an export wrote.
public struct ExportReport: Sendable {
  /// Sites that have a threshold above zero.
  public var sparseSites: Int
  /// Operators of thresholds that the graph did not have before.
  public var shrinks: Int
  /// Nodes that choose between graphs, of which the one that a step takes got thresholds and the other stays as it was.
  public var branches: [String]
}

/// Writes an ONNX model once more, with the thresholds of a calibration in it, so that any ONNX runtime computes what a
/// sparse session computes.
///
/// The graph at `from` stays as it is, but for one `Shrink` before the linear operations of each site (several, where a
/// site's vector has several names in the graph). The bytes of weights are copied from file to file; weights in other
/// files stay there, and since the model finds these from its own folder, the new one must lie in the same folder. The
/// result appears under its name only when it is complete and an import of it has the same operations and the given
/// thresholds.
///
/// - Parameters:
///   - thresholds: one for every site that an import of the model has.
///   - progress: told now and then how many bytes of the new file are written, and how many it has; both are 0 while the graph is
///     read. Says whether to go on: after a no nothing is left behind.
/// - Throws: `ImportFailure`; of kind `malformed` where the thresholds are not this model's, `unsupported` where the graph
///   has no place for one.
@discardableResult
public func exportONNX(
  from path: String, to output: String, thresholds: [SiteThreshold],
  progress: @escaping (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
) throws(ImportFailure) -> ExportReport {
  let file = try MappedFile(path: path)
  guard !isSameFile(path, output) else { throw .unwritable("\(output) is the model itself; name another file.") }
  let model = try ONNXDecoder.decode(file.bytes)
  guard let graph = model.graph else { throw .malformed("\(path) holds no graph; it is no ONNX model.") }
  try requireShrink(model)
  try requireData(of: graph, from: path, to: output)
  let isCancelled = { !progress(0, 0) }
  let (program, _) = try stepProgram(of: file, isCancelled: isCancelled)
  let thetas = try match(thresholds, program)
  var plan = ShrinkPlan(graph)
  for (site, theta) in thetas.enumerated() { try plan.add(theta, atSite: site, of: program) }
  let edits = try plan.edits(file.bytes)
  try GraphRewrite(file.bytes, edits).write(to: output, progress: progress) { path throws(ImportFailure) in
    try file.requireUnchanged()
    try verify(path, program, thetas, isCancelled)
  }
  return ExportReport(
    sparseSites: thetas.count { $0 > 0 }, shrinks: edits.values.reduce(0) { $0 + $1.before.count }, branches: plan.branches)
}

private func requireShrink(_ model: ONNXModel) throws(ImportFailure) {
  let opset = model.opsets[""] ?? 0
  guard opset >= 9 else {
    throw .unsupported("The model is of operator set \(opset), which has no operator Shrink; export it with operator set 9 or later.")
  }
}

private func requireData(of graph: ONNXGraph, from path: String, to output: String) throws(ImportFailure) {
  guard let location = graph.externalLocations.min() else { return }
  guard isSameFile(folder(of: path), folder(of: output)) else {
    throw .unsupported(
      "Weights lie in files beside the model, such as \"\(location)\", and a model finds them from its own folder: "
        + "write the new one into the folder of the old.")
  }
  for location in graph.externalLocations where isSameFile(folder(of: output) + location, output) {
    throw .unwritable("\(output) holds weights of the model; name another file.")
  }
}

private func folder(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
}

/// The thresholds in the order of the sites.
private func match(_ thresholds: [SiteThreshold], _ program: Program) throws(ImportFailure) -> [Float] {
  var thetas: [String: Float] = [:]
  for threshold in thresholds {
    guard threshold.theta.isFinite, threshold.theta.sign == .plus else {
      throw .malformed("The threshold of site \"\(threshold.site)\" is not a number of at least 0.")
    }
    guard thetas.updateValue(threshold.theta, forKey: threshold.site) == nil else {
      throw .malformed("Site \"\(threshold.site)\" has two thresholds.")
    }
  }
  var result: [Float] = []
  for name in program.siteNames {
    guard let theta = thetas.removeValue(forKey: name) else {
      throw .malformed("Site \"\(name)\" of the model has no threshold; calibrate a model that was made of this one.")
    }
    result.append(theta)
  }
  if let extra = thetas.keys.min() {
    throw .malformed("The model has no site \"\(extra)\"; the thresholds belong to another one.")
  }
  return result
}

/// Imports what was written: its sites must have the thresholds, and nothing else may have changed.
private func verify(
  _ path: String, _ program: Program, _ thetas: [Float], _ isCancelled: @escaping () -> Bool
) throws(ImportFailure) {
  let written: Program
  do throws(ImportFailure) {
    written = try stepProgram(of: try MappedFile(path: path), isCancelled: isCancelled).0
  } catch {
    if error.kind == .cancelled { throw error }
    throw .unsupported("The model with its thresholds could not be imported again: \(error.message)")
  }
  let mismatch = program.siteNames.indices.first { site in
    !written.siteNames.indices.contains(site) || written.siteNames[site] != program.siteNames[site]
      || written.siteThresholds[site] != thetas[site]
  }
  guard mismatch == nil, written.operations.count == program.operations.count else {
    let name = program.siteNames[mismatch ?? 0]
    throw .unsupported(
      "The threshold of site \"\(name)\" would reach more of the graph than its linear operations; "
        + "export the model without fused or quantised operators.")
  }
}

extension ONNXGraph {
  /// The other files that hold data of the graph's tensors.
  var externalLocations: Set<String> {
    var locations = Set(initializers.compactMap { $0.external?["location"] })
    for node in nodes {
      for attribute in node.attributes.values {
        switch attribute {
        case .tensor(let tensor): locations.formUnion([tensor.external?["location"]].compactMap { $0 })
        case .graph(let body): locations.formUnion(body.externalLocations)
        default: break
        }
      }
    }
    return locations
  }
}
