import Quell
import Testing

@testable import QuellImport

/// Whole exports of other tools, against the logits of the models that they were made from.
struct ExportTests {
  @Test(arguments: [
    "rwkv_ts_step", "rwkv_dy_step", "rwkv_ts_step_rescale", "rwkv_axkuhta_op12", "opt_ts_past", "opt_dy_past_eager",
    "opt_optimum_past", "opt_optimum_past_tied", "opt350_optimum_past", "opt_optimum_legacy_decoder", "opt_dy_full_opset23",
  ])
  func logitsAreThoseOfTheSource(_ name: String) throws {
    let fixture = try Fixture(name)
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      try importONNX(from: fixture.path, to: output)
      let logits = try run(output, fixture.tokens)
      for (row, expected) in zip(logits, fixture.logits) {
        #expect(row.count == expected.count)
        #expect(zip(row, expected).map { abs($0 - $1) }.max() ?? .infinity <= 2e-4)
        #expect(row.argMax == expected.argMax)
      }
    }
  }

  @Test(arguments: [
    "gpt2_torchscript_past", "gpt2_dynamo_past", "gpt2_torchscript_full", "llama_torchscript_past", "llama_dynamo_past",
    "llama_torchscript_full", "rwkv5_torchscript_step",
    "rwkv5_dynamo_step", "rwkv6_torchscript_step", "rwkv6_dynamo_step", "rwkv7_torchscript_step", "rwkv7_dynamo_step",
    "mamba_torchscript_step", "mamba_dynamo_step", "llama_standard_operators", "llama_contributed_operators",
  ])
  func otherDecodersOfTheSameOperatorsImportToo(_ name: String) throws {
    let fixture = try Fixture("Decoders/\(name)")
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      try importONNX(from: fixture.path, to: output)
      for (row, expected) in zip(try run(output, fixture.tokens, contextLength: 16), fixture.logits) {
        #expect(row.count == expected.count)
        #expect(zip(row, expected).map { abs($0 - $1) }.max() ?? .infinity <= 2e-4)
        #expect(row.argMax == expected.argMax)
      }
    }
  }

  @Test(arguments: [
    "standard_window", "standard_grouped_step", "contributed_step", "contributed_window", "contributed_projection_step",
  ])
  func attentionMayBeOneOperator(_ name: String) throws {
    let fixture = try Fixture("Attention/\(name)")
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      let report = try importONNX(from: fixture.path, to: output)
      #expect(report.attentions == 1)
      for (row, expected) in zip(try run(output, fixture.tokens, contextLength: 8), fixture.logits) {
        #expect(row.count == expected.count)
        #expect(zip(row, expected).map { abs($0 - $1) }.max() ?? .infinity <= 2e-4)
      }
    }
  }

  @Test(arguments: [("opt_optimum_past", 2e-2), ("rwkv_ts_step", 2e-2)])
  func halfPrecisionStaysClose(_ name: String, _ bound: Float) throws {
    let fixture = try Fixture(name)
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      try importONNX(from: fixture.path, to: output, options: ImportOptions(weights: .f16))
      let rows = zip(try run(output, fixture.tokens), fixture.logits)
      let worst = rows.map { row, expected in zip(row, expected).map { abs($0 - $1) }.max() ?? .infinity }.max() ?? .infinity
      // Half precision must show, or nothing was stored in it.
      #expect(worst > 1e-5 && worst < bound)
    }
  }

  @Test func aTiedHeadIsStoredOnce() throws {
    let (tied, _) = try stepProgram(of: MappedFile(path: Fixture("opt_optimum_past_tied").path))
    // This exporter wrote the same numbers twice, the second time turned.
    let (doubled, _) = try stepProgram(of: MappedFile(path: Fixture("opt_optimum_past").path))
    let (untied, _) = try stepProgram(of: MappedFile(path: Fixture("rwkv_ts_step").path))
    #expect([tied, doubled, untied].map { $0.tensors.count { $0.shape.product == 512 * 64 } } == [1, 1, 2])
  }

  @Test func sitesAreNamedAfterTheirLayers() throws {
    let optimum = try stepProgram(of: MappedFile(path: Fixture("opt_optimum_past").path)).1.sites
    let names = ["self_attn.q_proj+k_proj+v_proj", "self_attn.out_proj", "fc1", "fc2"]
    #expect(optimum.map { $0.name } == names.map { "layers.0.\($0)" } + names.map { "layers.1.\($0)" } + ["head"])
    #expect(optimum.map { $0.kind } == names + names + ["head"])
    #expect(optimum[0].inputs == 64 && optimum[0].outputs == 192)

    for name in ["rwkv_ts_step", "rwkv_dy_step"] {
      let rwkv = try stepProgram(of: MappedFile(path: Fixture(name).path)).1.sites
      #expect(
        Set(rwkv.filter { $0.name.hasPrefix("blocks.1.") }.map { $0.kind }) == [
          "attention.key", "attention.value", "attention.receptance", "attention.output", "feed_forward.key",
          "feed_forward.receptance", "feed_forward.value",
        ])
      #expect(rwkv.last?.kind == "head" && rwkv.count == 15)
    }
  }

  @Test func sitesWithoutNamesAreCountedByLayer() throws {
    let sites = try stepProgram(of: MappedFile(path: Fixture("rwkv_axkuhta_op12").path)).1.sites
    #expect(sites.map { $0.kind } == (0..<14).map { "linear.\($0 % 7)" } + ["head"])
    #expect(sites[9].name == "layers.1.linear.2")
  }

  @Test func onlyLogMaximaBeginLow() throws {
    for name in ["rwkv_ts_step", "rwkv_dy_step", "rwkv_axkuhta_op12"] {
      let (program, _) = try stepProgram(of: MappedFile(path: Fixture(name).path))
      #expect(program.fills.map { $0.count }.reduce(0, +) == 2 * 64)
      #expect(program.fills.allSatisfy { $0.value == -1e30 })
      #expect(program.stateSize == 2 * 5 * 64)
    }
  }

  @Test func lengthsOfCachesComeFromThePositions() throws {
    let (program, report) = try stepProgram(of: MappedFile(path: Fixture("opt_dy_past_eager").path))
    #expect(report.attentions == 2)
    #expect(program.contextLength == 128)
    #expect(program.caches.map { [$0.keyWidth, $0.valueWidth, $0.heads] } == [[64, 64, 4], [64, 64, 4]])
  }

  @Test(arguments: ["rwkv_ts_step", "opt_optimum_past", "opt350_optimum_past"])
  func noOperationWritesOverWhatIsReadLater(_ name: String) throws {
    let program = ScratchPlan.plan(try stepProgram(of: MappedFile(path: Fixture(name).path)).0)
    // Replay the program with numbers that stand for "written by": every read must find its own writer.
    var scratch = [Int](repeating: -1, count: program.scratchSize)
    func range(_ value: Int) -> (buffer: Int, range: Range<Int>)? {
      guard case .buffer(let buffer, let start, let count) = program.values[value] else { return nil }
      let offset = program.bufferOffsets[buffer] + start
      return (buffer, offset..<(offset + count))
    }
    func replay(_ operation: Quell.Operation, over tile: Range<Int>? = nil) {
      func part(of range: Range<Int>) -> Range<Int> {
        guard let tile, range.count > 1 else { return range }
        return (range.lowerBound + tile.lowerBound)..<(range.lowerBound + tile.upperBound)
      }
      for read in operation.reads {
        guard let (buffer, range) = range(read) else { continue }
        #expect(scratch[part(of: range)].allSatisfy { $0 == buffer })
      }
      if let result = operation.writes, let (buffer, range) = range(result) {
        scratch.replaceSubrange(part(of: range), with: repeatElement(buffer, count: part(of: range).count))
      }
    }
    var chained = 0
    for (index, operation) in program.operations.enumerated() {
      if case .chain(let count, let elements) = operation {
        chained = count
        for tile in 0..<(elements / 16) {
          for member in program.operations[(index + 1)...(index + count)] { replay(member, over: (16 * tile)..<(16 * tile + 16)) }
        }
      } else if chained > 0 {
        chained -= 1
      } else {
        replay(operation)
      }
    }
    if let (buffer, range) = range(program.logits) { #expect(scratch[range].allSatisfy { $0 == buffer }) }
    #expect(program.scratchSize < program.buffers.reduce(0, +))
  }
}
