import Foundation
import Testing

@Suite struct InspectTests {
  @Test func theDocumentDescribesTheModel() throws {
    let document = try CommandRunner.run("inspect", "-m", Samples.recurrent.model, "--program", "--json").document
    #expect(document["vocabulary_size"] as? Int == 2048)
    #expect(document["context_length"] as? Int == 0)
    #expect(document["has_tokenizer"] as? Bool == true)
    #expect(document["dense_macs"] as? Int == 6 * 13 * 256 * 256)
    #expect(document["head_dense_macs"] as? Int == 256 * 2048)
    // Five vectors of 256 for each of 6 blocks.
    #expect(document["state_bytes"] as? Int == 4 * 5 * 6 * 256)
    #expect((document["sites"] as? [Any])?.count == 6 * 7 + 1)
    #expect((document["program"] as? [Any])?.count == document["operations"] as? Int)
    let size = try FileManager.default.attributesOfItem(atPath: Samples.recurrent.model)[.size] as? Int
    #expect(document["file_bytes"] as? Int == size)
  }

  @Test func theTableNamesEverySite() throws {
    let result = try CommandRunner.run("inspect", "-m", Samples.transformer.model)
    #expect(result.status == 0)
    #expect(result.output.contains("context       256 positions"))
    #expect(result.output.split(separator: "\n").filter { $0.hasSuffix("0.0") }.count == 6 * 4 + 1)
  }

  @Test func importsTakeTheWeightsThatWereAskedFor() throws {
    let folder = try TemporaryFolder()
    let model = folder.path("f32.gguf")
    let arguments = ["import", Samples.transformer.source, "-o", model, "--weights", "f32", "--name", "My model", "--json"]
    let document = try CommandRunner.run(arguments).document
    #expect(document["name"] as? String == "My model")
    #expect((document["tensors"] as? [[String: Any]])?.compactMap { $0["format"] as? String } == ["f32"])
    #expect(folder.contents == ["f32.gguf"])
  }

  @Test func anImportExplainsWhatItFound() throws {
    let folder = try TemporaryFolder()
    let result = try CommandRunner.run("import", Samples.transformer.source, "-o", folder.path("model.gguf"), "--explain")
    #expect(result.status == 0)
    #expect(result.output.contains("input     attention_mask: mask\n"))
    #expect(result.output.contains("key/value cache\n"))
    #expect(result.output.contains("lifted    6 attentions and"))
    // One line for each site: queries, keys and values share one, then the attention's output and two feed-forward layers.
    #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("layers.") }.count == 6 * 4)
    #expect(try CommandRunner.run("import", "a.onnx", "-o", "b.gguf", "--explain", "--json").status == 2)
  }
}
