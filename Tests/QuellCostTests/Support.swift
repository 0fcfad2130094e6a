import Quell

@testable import QuellCost

/// Programs of linear operations alone, and devices of a few words.
enum Sample {
  /// One linear operation after the other; the last may be the head.
  static func outline(_ layers: [(kind: String, inputs: Int, outputs: Int)], format: WeightFormat = .int8) -> ProgramOutline {
    var outline = ProgramOutline(operations: [], values: [], tensors: [], caches: [], sites: [])
    for (index, layer) in layers.enumerated() {
      outline.values.append(Value(storage: .scratch, offset: 0, count: layer.inputs))
      outline.values.append(Value(storage: .scratch, offset: 1 << 20, count: layer.outputs))
      outline.tensors.append(TensorDescription(name: layer.kind, format: format, rows: layer.inputs, columns: layer.outputs))
      outline.operations.append(.events(site: index, source: 2 * index))
      outline.operations.append(.linear(matrix: index, layout: .inputMajor, bias: nil, scale: nil, result: 2 * index + 1))
      outline.sites.append(
        SiteDescription(
          name: "blocks.\(index / 7).\(layer.kind)", kind: layer.kind, inputs: layer.inputs, outputs: layer.outputs, threshold: 0,
          isHead: layer.kind == "head"))
    }
    return outline
  }

  /// The linear operations of one RWKV-4 block.
  static func block(_ width: Int, _ hidden: Int) -> [(kind: String, inputs: Int, outputs: Int)] {
    [
      ("attention.key", width, width), ("attention.value", width, width), ("attention.receptance", width, width),
      ("attention.output", width, width), ("feed_forward.key", width, hidden), ("feed_forward.receptance", width, width),
      ("feed_forward.value", hidden, width),
    ]
  }

  static func device(_ name: String) throws -> Device { try Device(profile: present(ShippedDevices.text(named: name))) }

  /// One token's worth of activity.
  static let oneToken = ProgramActivity(tokens: 1, logits: 1, positions: 1, firstOfLogits: 0)

  /// A report on what sites do for one token.
  static func report(
    _ outline: ProgramOutline, _ sites: [SiteActivity], natural: [SiteActivity]? = nil, on device: Device, _ execution: Execution? = nil
  ) throws -> CostReport {
    try CostReport(
      CostSubject(
        name: "sample", fingerprint: nil, thresholds: "", outline: outline, activity: oneToken, sparse: sites, natural: natural),
      on: device, execution ?? Execution(on: device))
  }

  private static func present(_ text: [UInt8]?) throws -> [UInt8] {
    guard let text else { throw CostFailure.malformed("no such device") }
    return text
  }
}
