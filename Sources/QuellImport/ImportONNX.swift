import Quell
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Imports an ONNX model: reads the graph at `from`, makes a step program of it, and writes a model file at `to`.
///
/// The graph must be one step of a decoder: a token in, logits out, with recurrent state or past keys and values handed
/// from step to step; or a causal decoder of whole sequences, which becomes such a step. Weights stay in the mapped file
/// until they are written, so memory stays small whatever the size. The result appears under its name only when it is
/// complete and has run: a few tokens, one of a large model, whose logits must be finite.
///
/// - Throws: `ImportFailure`, whose kind tells an unreadable file from a malformed and an unsupported one, and whose text
///   names the node or tensor.
@discardableResult
public func importONNX(from path: String, to output: String, options: ImportOptions = ImportOptions()) throws(ImportFailure) -> ImportReport
{
  let file = try MappedFile(path: path)
  guard !isSameFile(path, output) else { throw .unwritable("\(output) is the model itself; name another file.") }
  var (program, report) = try stepProgram(
    of: file, early: options.weights == .int8 ? EarlyMeasurement() : nil,
    isCancelled: { [progress = options.progress] in !progress(0, 0) })
  program = ScratchPlan.plan(program)
  report.scratchSize = program.scratchSize
  var options = options
  if let tokenizer = options.tokenizer {
    options.metadata += try TokenizerImport.pairs(fromFile: tokenizer, vocabularySize: program.vocabularySize)
  }
  report.storage = try program.store(to: output, options, name: options.name ?? baseName(path)) { path throws(ImportFailure) in
    if let reference = options.reference { report.agreement = try Verification.compare(path, with: reference) }
  }
  return report
}

/// The step program of a model, its scratch memory not yet planned, and what was found on the way. `early` begins with the model's
/// matrices meanwhile.
func stepProgram(
  of file: MappedFile, early: EarlyMeasurement? = nil, isCancelled: @escaping () -> Bool = { false }
) throws(ImportFailure) -> (Program, ImportReport) {
  let model = try ONNXDecoder.decode(file.bytes)
  guard let graph = model.graph, !graph.nodes.isEmpty else { throw .malformed("\(file.path) holds no graph; it is no ONNX model.") }
  try GraphCheck.structure(graph)
  try GraphCheck.library(model, file.bytes, order: try graph.sortedNodes())
  let specialiser = try Specialiser(model, file: file, early: early, isCancelled: isCancelled)
  let (lifted, lowered) = try liftedAndLowered(specialiser)
  try Agreement.check(lifted.map { $0.flow }, nodes: specialiser.nodes)
  let (program, fusion) = lowered.fused
  return (program, report(model, specialiser, program, lifted[lifted.count - 1], fusion))
}

/// The flows of both lanes, which are lifted side by side, and the program, which is made of the first of them meanwhile.
private func liftedAndLowered(_ specialiser: Specialiser) throws(ImportFailure) -> (lifted: [Lifted], lowered: Program) {
  let flows = try Flow.pair(specialiser)
  let lifted = Mutex([Lifted?](repeating: nil, count: flows.count))
  let lowered = Mutex(Program())
  try Workers().perform(0..<flows.count) { _, index throws(ImportFailure) in
    let lane = try Lifted(flows[index], past: specialiser.lanes[index].past, specialiser)
    lifted.withLock { $0[index] = lane }
    guard index == 0 else { return }
    let program = try Lowering.lower(lane.flow, nodes: specialiser.nodes)
    lowered.withLock { $0 = program }
  }
  return (lifted.withLock { $0.compactMap { $0 } }, lowered.withLock { $0 })
}

private func report(
  _ model: ONNXModel, _ specialiser: Specialiser, _ program: Program,
  _ found: Lifted, _ fusion: ImportReport.Fusion
) -> ImportReport {
  var sites: [ImportReport.Site] = []
  for operation in program.operations {
    if case .events(let site, let source) = operation {
      sites.append(
        ImportReport.Site(
          name: program.siteNames[site], kind: program.siteKinds[site], inputs: program.count(source), outputs: 0,
          threshold: program.siteThresholds[site]))
    }
    if case .linear(_, _, _, _, let result) = operation { sites[sites.count - 1].outputs += program.count(result) }
  }
  let inputs = specialiser.interface.inputs.map { input in
    let role =
      switch input.role {
      case .token: "token"
      case .position: "position"
      case .mask: "mask"
      case .state: input.pastAxis == nil ? "recurrent state" : "key/value cache"
      }
    return "\(input.name): \(role)"
  }
  return ImportReport(
    producer: model.producer, opset: Int(truncatingIfNeeded: model.opsets[""] ?? 0), nodes: specialiser.nodes.count,
    inputs: inputs, attentions: found.attentions, normalizations: found.normalizations, folded: found.folded,
    thresholds: found.thresholds,
    fusion: fusion,
    quantizations: specialiser.lanes[0].quantizedNodes.count,
    operations: program.operations.count, stateSize: program.stateSize, scratchSize: program.scratchSize,
    vocabularySize: program.vocabularySize, contextLength: program.contextLength, sites: sites, storage: [], agreement: nil)
}

/// Whether two paths lead to one file or folder.
func isSameFile(_ path: String, _ other: String) -> Bool {
  var first = stat()
  var second = stat()
  return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

private func baseName(_ path: String) -> String {
  let file = path.split(separator: "/").last.map(String.init) ?? path
  guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return file }
  return String(file[..<dot])
}
