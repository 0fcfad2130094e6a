import Foundation
import Testing

@testable import QuellImport

/// Files made to do harm, each refused for what it is: no crash, no hang, no memory for numbers that are not there.
struct HostileFileTests {
  private typealias Builder = GraphBuilder

  /// A good graph: a token, a table and a head.
  private func good(_ change: (inout GraphBuilder) -> Void = { _ in }) -> GraphBuilder {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    change(&graph)
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 3])
    return graph
  }

  private func failure(_ data: Data) throws -> ImportFailure? {
    try withFolder { folder in
      let input = folder.appendingPathComponent("graph.onnx")
      try data.write(to: input)
      return importFailure(input.path, folder.appendingPathComponent("graph.gguf").path)
    }
  }

  private func expect(
    _ data: Data, _ kind: ImportFailure.Kind, _ words: String..., at location: SourceLocation = #_sourceLocation
  ) throws {
    let failure = try #require(try failure(data), "the file was imported", sourceLocation: location)
    #expect(failure.kind == kind, "\(failure)", sourceLocation: location)
    for word in words {
      #expect(failure.message.contains(word), "\(failure) lacks \(word)", sourceLocation: location)
    }
    #expect(!failure.message.contains("\n"), sourceLocation: location)
  }

  // MARK: The wire

  @Test func theGoodGraphIsGood() throws {
    #expect(try failure(good().model) == nil)
  }

  @Test func fieldsThatNobodyKnowsAreSkipped() throws {
    var flood: [UInt8] = []
    for number in 100..<5000 { flood += Builder.field(number, number) + Builder.field(number, "unknown") }
    #expect(try failure(good { $0.raw(flood) }.model) == nil)
  }

  @Test func brokenEncodingsAreNamedByTheirPlace() throws {
    let model = good().model
    // A group, which this format never had; a varint of eleven bytes; lengths beyond the file; field number 0.
    try expect(model + [0x0b, 0x0c], .malformed, "wire type", "byte \(model.count)")
    try expect(model + [0x08] + [UInt8](repeating: 0x80, count: 10) + [0x01], .malformed, "does not end")
    try expect(model + [0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], .malformed, "length beyond the end", "byte \(model.count)")
    try expect(model + [0x3a] + [UInt8](repeating: 0xff, count: 9) + [0x01], .malformed, "length beyond the end")
    try expect(model + [0x00, 0x01], .malformed, "field number")
    try expect(model + [0x3a, 0x00], .malformed, "two graphs")
  }

  @Test func aTextThatRunsPastTheEndOfItsAttribute() throws {
    // The attribute's string claims five bytes where two are left in the attribute.
    let attribute = Builder.field(1, "mode") + [0x22, 0x05, 0x61, 0x62]
    let node = Builder.field(1, "token") + Builder.field(2, "y") + Builder.field(4, "Identity") + Builder.field(5, attribute)
    try expect(good { $0.raw(Builder.field(1, node)) }.model, .malformed, "length beyond the end")
  }

  @Test func packedAndUnpackedNumbersMix() throws {
    // Dimensions: 3 on its own, then 2 packed. The same for data.
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    let reals: [Float] = [1, 2, 3, 4, 5, 6]
    let bytes = reals.map { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
    let data = [0x25] + bytes[0] + Builder.field(4, bytes[1...4].flatMap { $0 }) + [0x25] + bytes[5]
    graph.raw(
      Builder.field(5, Builder.field(1, 3) + Builder.field(1, [2]) + Builder.field(2, 1) + Builder.field(8, "table") + data))
    graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("MatMul", ["x", "head"], ["logits"])
    graph.output("logits", [1, 3])
    #expect(try failure(graph.model) == nil)
  }

  // MARK: Nesting and number

  @Test func deepNestingEndsEarly() throws {
    var body = Builder.field(2, "innermost")
    for _ in 0..<20_000 {
      let attribute = Builder.field(1, "then_branch") + Builder.field(6, body) + Builder.field(20, 5)
      body = Builder.field(1, Builder.field(4, "If") + Builder.field(5, attribute))
      if body.count > 200_000 { break }
    }
    try expect(good { $0.raw(body) }.model, .unsupported, "nested")
  }

  @Test func manyEmptyPartsEndEarly() throws {
    // Two bytes each for a node, a tensor or a value.
    for tag in [UInt8(0x0a), 0x2a, 0x5a] {
      let flood = [[UInt8]](repeating: [tag, 0], count: 9 << 18).flatMap { $0 }
      try expect(good { $0.raw(flood) }.model, .unsupported, "more than")
    }
  }

  // MARK: Names

  @Test func namesThatAreDoubleMissingOrCyclic() throws {
    try expect(good { $0.reals("head", [1], [1]) }.model, .malformed, "two initializers", "\"head\"")
    try expect(good { $0.input("token", type: 7, [1]) }.model, .malformed, "twice", "\"token\"")
    try expect(good { $0.node("Neg", ["table"], ["x"]) }.model, .malformed, "\"x\"", "already")
    try expect(good { $0.node("Neg", ["nowhere"], ["y"]) }.model, .malformed, "make_y", "\"nowhere\"")
    try expect(good { $0.output("nothing", [1]) }.model, .malformed, "\"nothing\"")
    try expect(good { $0.node("Neg", ["loop"], ["loop"]) }.model, .malformed, "make_loop", "cycle")
    try expect(good { $0.reals("", [1], [1]) }.model, .malformed, "no name")
  }

  // MARK: Tensors

  @Test func tensorsThatAreNotWhatTheyClaim() throws {
    func table(_ type: Int, _ shape: [Int], _ data: [UInt8]) -> Data {
      var graph = GraphBuilder()
      graph.input("token", type: 7, [1])
      graph.tensor("table", type: type, shape, data)
      graph.reals("head", [2, 3], [1, 0, 2, 0, 1, 1])
      graph.node("Gather", ["table", "token"], ["x"])
      graph.node("MatMul", ["x", "head"], ["logits"])
      graph.output("logits", [1, 3])
      return graph.model
    }
    let short = Builder.field(9, [UInt8](repeating: 0, count: 20))
    try expect(table(1, [3, 2], short), .malformed, "\"table\"", "20 bytes", "24")
    try expect(table(1, [3, -2], short), .malformed, "\"table\"", "shape")
    try expect(table(1, [1 << 32, 1 << 32], short), .malformed, "table")
    try expect(table(1, [1 << 31, 2], short), .malformed, "\"table\"", "20 bytes")
    try expect(table(1, [1 << 31, 1 << 9], Builder.field(4, [UInt8](repeating: 0, count: 24))), .malformed, "\"table\"")
    try expect(table(77, [3, 2], short), .unsupported, "\"table\"", "77")
    try expect(table(8, [3, 2], short), .malformed, "table")
    try expect(table(1, [Int](repeating: 1, count: 30) + [2], short), .unsupported, "\"table\"", "axes")
    try expect(table(1, [3, 2], []), .malformed, "table")
  }

  @Test(arguments: ["Expand", "ConstantOfShape", "Tile", "Reshape", "Range"])
  func aSmallFileCannotAskForMuchMemory(_ operation: String) throws {
    let graph = good { graph in
      graph.integers("far", [2], [1 << 31, 1 << 31])
      graph.integers("end", [], [1 << 40])
      graph.integers("zero", [], [0])
      graph.integers("one", [], [1])
      switch operation {
      case "ConstantOfShape": graph.node(operation, ["far"], ["much"])
      case "Range": graph.node(operation, ["zero", "end", "one"], ["much"])
      default: graph.node(operation, ["table", "far"], ["much"])
      }
      graph.output("much", [1])
    }
    let failure = try #require(try failure(graph.model))
    #expect(failure.message.contains("make_much"), "\(failure)")
  }

  // MARK: Attributes

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 9, 99]) func attributesOfTheWrongType(_ kind: Int) throws {
    var graph = GraphBuilder()
    // Beyond what libonnx knows, so that the importer judges alone.
    graph.opset = 21
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.output("logits", [1, 2])
    let attribute = Builder.field(1, "axis") + Builder.field(3, 0) + Builder.field(20, kind)
    let node =
      Builder.field(1, "table") + Builder.field(1, "token") + Builder.field(2, "logits") + Builder.field(3, "pick")
      + Builder.field(4, "Gather") + Builder.field(5, attribute)
    graph.raw(Builder.field(1, node))
    guard kind != 2 else {
      #expect(try failure(graph.model)?.message.contains("axis") != true)
      return
    }
    try expect(graph.model, .malformed, "\"pick\"", "\"axis\"", "type")
  }

  @Test func quantisedMatricesThatDoNotFit() throws {
    func packed(_ inputs: Int, _ outputs: Int, _ block: Int, _ bits: Int) -> Data {
      good { graph in
        graph.codes("codes", type: 2, [3, 1, 8], [UInt8](repeating: 0, count: 24))
        graph.reals("scales", [3], [1, 1, 1])
        graph.reals("two", [1, 2], [1, 1])
        graph.node(
          "MatMulNBits", ["two", "codes", "scales"], ["y"],
          ints: ["K": inputs, "N": outputs, "block_size": block, "bits": bits], domain: "com.microsoft")
        graph.output("y", [1, 3])
      }.model
    }
    #expect(try failure(packed(2, 3, 16, 4)) == nil)
    try expect(packed(20, 3, 16, 4), .malformed, "make_y", "blocks")
    try expect(packed(2, 1 << 62, 16, 4), .malformed, "make_y")
    try expect(packed(1 << 31, 1 << 31, 16, 4), .malformed, "make_y")
    try expect(packed(-2, 3, 16, 4), .malformed, "make_y")
    try expect(packed(2, 3, 0, 4), .malformed, "make_y")
    try expect(packed(2, 3, 16, 3), .unsupported, "make_y", "3 bits")
  }

  // MARK: Numbers

  @Test func weightsThatAreNotFiniteAreNamed() throws {
    var graph = GraphBuilder()
    graph.input("token", type: 7, [1])
    graph.reals("table", [3, 2], [1, 2, 3, 4, 5, 6])
    graph.reals("m.layers.0.bad.weight", [2, 3], [1, 0, 2, 0, .nan, 1])
    graph.node("Gather", ["table", "token"], ["x"])
    graph.node("MatMul", ["x", "m.layers.0.bad.weight"], ["logits"])
    graph.output("logits", [1, 3])
    try expect(graph.model, .unsupported, "layers.0.bad", "not finite")
  }
}
