import Foundation
import Quell
import QuellCalibration
import QuellCost
import QuellImport

@testable import QuellTool

extension HostFileReader {
  // MARK: Thresholds

  /// Thresholds are set, and a token is taken with them.
  func useThresholds(_ bytes: [UInt8]) throws {
    let (thresholds, fractions) = try withFile(bytes, "file.json") { path in
      let file = try ThresholdFile.read(path)
      return (try file.thresholds(for: small, path), file.siteSparsity(for: small))
    }
    guard thresholds.count == small.sites.count, fractions.count == small.sites.count else { throw Violation("not one for each site") }
    guard thresholds.allSatisfy({ $0 >= 0 && $0.isFinite }), fractions.allSatisfy((0...1).contains) else {
      throw Violation("thresholds \(thresholds) of sparsities \(fractions)")
    }
    let session = try thresholdSession.get()
    session.reset()
    for (site, threshold) in thresholds.enumerated() { try session.setThreshold(threshold, site: site) }
    try session.step(1)
  }

  // MARK: Costs

  /// What a model does is priced by the profile, in every form.
  func useDevice(_ bytes: [UInt8]) throws {
    let device = try Device(profile: bytes)
    try requireText(PriceTable.source(of: device))
    let measurement = try CostMeasurement(small, thresholds: nil, for: device, contextLength: 4)
    try measurement.take([3, 1])
    let subject = measurement.subject(name: small.name, fingerprint: fingerprintDigits(small.fingerprint), thresholds: "none")
    for isPipelined in [false, true] {
      try report(CostReport(subject, on: device, Execution(on: device, isPipelined: isPipelined)))
    }
  }

  /// The shipped device prices what the sites of the model are said to do.
  func useSiteSparsity(_ bytes: [UInt8]) throws {
    guard let name = ShippedDevices.names.first, let profile = ShippedDevices.text(named: name) else { throw Violation("no device") }
    let device = try Device(profile: profile)
    let execution = Execution(on: device)
    let activity = try SiteSparsity(bytes).activity(of: small.outline, group: device.eventGroup, components: execution.components)
    let subject = CostSubject(
      name: small.name, fingerprint: nil, thresholds: "file", outline: small.outline,
      activity: ProgramActivity(tokens: 1, logits: 1, positions: 1, firstOfLogits: 0), sparse: activity.sparse, natural: activity.natural)
    try report(CostReport(subject, on: device, execution))
  }

  private func report(_ report: CostReport) throws {
    try requireJSON(CostDocument(report).encoded())
    try requireText(CostSheet.document(report))
    try requireText(CostFigure.document(report))
    for level in CostReport.Level.allCases { try requireText(CostText(report, by: level, showsDense: true).text) }
  }

  // MARK: Checkpoints

  /// A search goes on from it to its end.
  func useSearch(_ bytes: [UInt8]) throws {
    let document = try withFile(bytes, "file.checkpoint") { _ in
      try Checkpoint<SearchDocument>(for: folder.appendingPathComponent("file").path).read()
    }
    let evaluation = try LayerwiseEvaluation(small, [tokens[...]], threads: 1)
    var search = SequentialSearch(evaluation, lossIncrease: 1.01)
    guard search.resume(document.search) else { throw CommandFailure(.malformed, "of another search") }
    var fractions: [Double] = []
    try search.run(
      progress: { fractions.append($0.fraction) }, settled: { try requireJSON(JSONDocument.encode(SearchDocument($0))) })
    guard fractions.allSatisfy((0...1).contains) else { throw Violation("of the work is done \(fractions)") }
    guard evaluation.thresholds.allSatisfy({ $0 >= 0 && $0.isFinite }) else { throw Violation("thresholds \(evaluation.thresholds)") }
    try requireJSON(JSONDocument.encode(ThresholdFile(Calibration("sequential", evaluation), of: small)))
  }

  /// A sweep goes on from it, and what it has measured is written and drawn.
  func useSweep(_ bytes: [UInt8]) throws {
    let document = try withFile(bytes, "file.checkpoint") { _ in
      try Checkpoint<SweepDocument>(for: folder.appendingPathComponent("file").path).read()
    }
    let sweep = try sweep.get()
    guard sweep.resume(document) else { throw CommandFailure(.malformed, "of another sweep") }
    try requireJSON(JSONDocument.encode(sweep.document))
    try requireText(SweepSheet.text(sweep.document))
    try requireText(SweepFigures.curves(sweep.document))
    try requireText(SweepFigures.sites(sweep.document, at: 0.63))
    for point in sweep.document.points { try requireText(point.line) }
  }

  func makeSweep() throws -> Sweep {
    let text = try TextWindows(Array(" the the".utf8), tokenizer: bytes.requireTokenizer(), length: 4)
    return try Sweep(
      bytes,
      Sweep.Settings(
        path: "", output: folder.appendingPathComponent("sweep").path, windows: [tokens[...]], text: text, context: 4, weights: .source,
        threads: 1))
  }

  // MARK: Tasks

  /// The model does the task; behind a zero byte are its labels.
  func useTask(_ bytes: [UInt8], _ task: TaskKind) throws {
    let parts = parts(bytes, 2)
    let evaluation = try withFile(parts[0], "file.jsonl") { data in
      guard bytes.contains(0) else {
        return try TaskEvaluation(self.bytes, task, data: data, labels: nil, context: nil, threads: 1) { _ in }
      }
      return try withFile(parts[1], "labels") { labels in
        try TaskEvaluation(self.bytes, task, data: data, labels: labels, context: nil, threads: 1) { _ in }
      }
    }
    let report = TaskReport(evaluation)
    guard (0...1).contains(report.acc) else { throw Violation("an accuracy of \(report.acc)") }
    try requireJSON(JSONDocument.encode(report))
    try requireText(report.text)
  }

  // MARK: What comes of it

  private func requireJSON(_ document: some Sequence<UInt8>) throws {
    guard (try? JSONSerialization.jsonObject(with: Data(document))) is [String: Any] else { throw Violation("a result is no JSON") }
  }

  private func requireText(_ text: String) throws {
    guard !text.isEmpty else { throw Violation("a result is empty") }
  }
}
