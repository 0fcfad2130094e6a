import Foundation
import Quell
import Testing

@testable import QuellImport

@Suite struct SyntheticTests {
  @Test(arguments: [
    ("rwkv4:layers=2,d=64,ffn=96,vocabulary=128", 14), ("opt:layers=3,d=64,heads=4,vocabulary=128,positions=40", 12),
    ("matmulfree:layers=2,d=64,ffn=128,vocabulary=128", 8),
  ])
  func aShapeBecomesAModelOfThatShape(_ text: String, _ blockSites: Int) throws {
    try withFolder { folder in
      let paths = ["one", "two"].map { folder.appendingPathComponent($0).path }
      let shape = try DecoderShape(text)
      for path in paths { try writeSyntheticModel(shape, to: path, options: ImportOptions(weights: .int8, name: "shape")) }
      let model = try Model(path: paths[0])
      #expect(model.vocabularySize == 128 && model.sites.filter { !$0.isHead }.count == blockSites)
      #expect(model.contextLength == shape.positions)
      #expect(try Data(contentsOf: URL(fileURLWithPath: paths[0])) == Data(contentsOf: URL(fileURLWithPath: paths[1])))
      // Multiply-accumulates of a token, from the published form of a layer.
      let (d, ffn) = (shape.width, shape.feedForward)
      let layer =
        switch shape.kind {
        case .rwkv4: 5 * d * d + 2 * d * ffn
        case .opt: 4 * d * d + 2 * d * ffn
        case .matmulfree: 4 * d * d + 3 * d * ffn
        }
      #expect(model.tensors.count { $0.format == .ternary } == (shape.kind == .matmulfree ? 4 * shape.layers + 1 : 0))
      #expect(model.sites.filter { !$0.isHead }.reduce(0) { $0 + $1.inputs * $1.outputs } == shape.layers * layer)
    }
  }

  @Test func noTwoMatricesAreStoredAsOne() throws {
    let program = try Lowering.lower(SyntheticFlow.rwkv4(try DecoderShape("rwkv4:layers=3,d=32,vocabulary=64")), nodes: [])
    #expect(program.tensors.count { $0.form == .matrix } == 3 * 7 + 2)
  }

  @Test(arguments: [
    "rwkv9-430m", "rwkv4:d", "rwkv4:d=0", "rwkv4:d=-3", "rwkv4:width=3", "opt:d=65,heads=4", "rwkv4:positions=3", "rwkv4:d=9999999",
  ])
  func whatIsNoShapeIsRefusedByName(_ text: String) {
    do throws(ImportFailure) {
      _ = try DecoderShape(text)
      Issue.record("\(text) is taken for a shape")
    } catch {
      #expect(error.kind == .unsupported && error.message.contains(text))
    }
  }
}
