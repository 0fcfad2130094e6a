import Foundation
import Testing

/// `quell export`, run as a user runs it.
struct ExportTests {
  @Test func anExportIsImportedWithItsThresholds() throws {
    let folder = try TemporaryFolder()
    let (export, model) = (folder.path("sparse.onnx"), folder.path("sparse.gguf"))
    let result = try CommandRunner.run(
      "export", Samples.recurrent.source, "--thresholds", Sample.calibrated.path, "-o", export)
    #expect(result.status == 0 && result.lastLine.contains("Shrink operators for"))
    #expect(folder.contents == ["sparse.onnx"])
    let named = try CommandRunner.run(
      "export", Samples.recurrent.source, "-m", Samples.recurrent.model, "--thresholds", Sample.calibrated.path, "-o",
      folder.path("named.onnx"))
    #expect(named.status == 0)
    #expect(try Data(contentsOf: folder.url("named.onnx")) == Data(contentsOf: folder.url("sparse.onnx")))

    let imported = try CommandRunner.run("import", export, "-o", model, "--no-tokenizer", "--json").document
    let sites = try #require(imported["sites"] as? [[String: Any]])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Sample.calibrated.path))
    let file = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let expected = try #require(file["sites"] as? [[String: Any]])
    #expect(sites.map { $0["name"] as? String } == expected.map { $0["name"] as? String })
    for (site, other) in zip(sites, expected) {
      #expect((site["threshold"] as? Double).map { Float($0) } == (other["theta"] as? Double).map { Float($0) })
    }
  }

  @Test func thresholdsOfAnotherModelAreRefused() throws {
    let folder = try TemporaryFolder()
    let arguments = ["export", Samples.transformer.source, "--thresholds", Sample.calibrated.path, "-o", folder.path("sparse.onnx")]
    for more in [[], ["-m", Samples.transformer.model]] {
      let result = try CommandRunner.run(arguments + more)
      #expect(result.status == 3 && result.errors.contains("another model") && result.errors.contains(Sample.calibrated.path))
      #expect(folder.contents.isEmpty)
    }
  }
}
