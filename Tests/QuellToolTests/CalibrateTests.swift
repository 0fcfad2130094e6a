import Foundation
import Quell
import Testing

@Suite struct CalibrateTests {
  private static func document() throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: Sample.calibrated.path))) as? [String: Any])
  }

  @Test func theFileHoldsEverySiteOnce() throws {
    #expect(Sample.calibrated.result.status == 0)
    #expect(Sample.calibrated.result.output.contains("thresholds of 43 sites for 60.0 % sparsity"))
    let document = try Self.document()
    #expect(document["format"] as? String == "quell-thresholds")
    #expect(document["version"] as? Int == 1)
    #expect(document["method"] as? String == "uniform")
    #expect(document["calibration_tokens"] as? Int == 63)
    #expect((document["model_fingerprint"] as? String)?.count == 16)
    let sites = try #require(document["sites"] as? [[String: Any]])
    #expect(Set(sites.compactMap { $0["name"] as? String }).count == 43)
    let head = try #require(sites.first { $0["kind"] as? String == "head" })
    #expect(head["theta"] as? Double == 0)
    // Weighted by multiply-accumulates, the sites' sparsities are what was asked for.
    let inspected = try #require(
      try CommandRunner.run("inspect", "-m", Samples.recurrent.model, "--json").document["sites"] as? [[String: Any]])
    var (skipped, total) = (0.0, 0.0)
    for (site, shape) in zip(sites, inspected) where site["kind"] as? String != "head" {
      let weight = try #require(shape["inputs"] as? Double) * #require(shape["outputs"] as? Double)
      skipped += try weight * #require(site["sparsity"] as? Double)
      total += weight
    }
    #expect(abs(skipped / total - 0.6) < 1e-9)
  }

  @Test func thresholdsMakeTheModelAsSparseAsAskedFor() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let result = try CommandRunner.run("eval", "-m", Samples.recurrent.model, "-f", text, "--thresholds", Sample.calibrated.path, "--json")
    let sparsity = try #require(try (result.document["sparsity"] as? [String: Any])?["macs"] as? Double)
    // The magnitudes move a little once sites before them are sparse.
    #expect(abs(sparsity - 0.6) < 0.03)
  }

  @Test func runCalibratesInOneGo() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    func run(_ options: String...) throws -> String? {
      let arguments = ["run", "-m", Samples.recurrent.model, "-p", "Once upon a time", "-n", "8", "--json"]
      return try CommandRunner.run(arguments + options).document["text"] as? String
    }
    let fromFile = try run("--thresholds", Sample.calibrated.path)
    #expect(try run("--sparsity", "0.6", "--calibration", text) == fromFile)
    #expect(fromFile != nil)
  }

  @Test func lessThanNaturalSparsityNeedsNoThresholds() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", text, "--sparsity", "0.1", "-o", folder.path("t.json"))
    #expect(result.status == 0)
    #expect(result.errors.contains("all thresholds stay 0"))
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.url("t.json"))) as? [String: Any]
    #expect(folder.contents == ["t.json", "text"])
    let sites = try #require(document?["sites"] as? [[String: Any]])
    #expect(sites.allSatisfy { $0["theta"] as? Double == 0 })
  }

  @Test func aModelCarriesItsThresholds() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let output = folder.path("sparse.GGUF")
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", text, "--method", "uniform", "--sparsity", "0.6", "-o", output)
    #expect(result.status == 0)
    #expect(folder.contents == ["sparse.GGUF", "text"])
    func evaluation(_ options: String...) throws -> String {
      try CommandRunner.run(["eval", "-f", text, "--json"] + options).output
    }
    #expect(try evaluation("-m", output) == evaluation("-m", Samples.recurrent.model, "--thresholds", Sample.calibrated.path))
    // Only the thresholds differ from the dense model's file, and another calibration's may take their place.
    let (old, new) = (try Data(contentsOf: URL(fileURLWithPath: Samples.recurrent.model)), try Data(contentsOf: folder.url("sparse.GGUF")))
    #expect(old.count == new.count)
    #expect((1...4 * 43).contains(zip(old, new).count { $0 != $1 }))
    #expect(try CommandRunner.run("run", "-m", output, "-p", "x", "-n", "1", "--thresholds", Sample.calibrated.path).status == 0)
    let same = try CommandRunner.run(
      "calibrate", "-m", output, "-f", text, "--method", "uniform", "--sparsity", "0.6", "-o", output)
    #expect(same.status == 1 && same.errors.contains("is the model itself"))
  }

  /// Its multiply-accumulates count where it takes part, and what was asked for is shared out among all sites.
  @Test(arguments: ["uniform", "allocate"]) func theVocabularyHeadMayTakePart(method: String) throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", text, "--method", method, "--sparsity", "0.6", "--include-head", "-o",
      folder.path("t.json"))
    #expect(result.status == 0)
    let document = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: folder.url("t.json"))) as? [String: Any])
    let sites = try #require(document["sites"] as? [[String: Any]])
    let inspected = try #require(
      try CommandRunner.run("inspect", "-m", Samples.recurrent.model, "--json").document["sites"] as? [[String: Any]])
    var (skipped, total) = (0.0, 0.0)
    for (site, shape) in zip(sites, inspected) {
      let weight = try #require(shape["inputs"] as? Double) * #require(shape["outputs"] as? Double)
      skipped += try weight * #require(site["sparsity"] as? Double)
      total += weight
    }
    #expect(abs(skipped / total - 0.6) < 0.005)
    let head = try #require(sites.first { $0["kind"] as? String == "head" })
    #expect(try #require(head["theta"] as? Double) > 0)
    #expect(try abs(#require(document["sparsity"] as? Double) - 0.6) < 0.005)
  }

  @Test func theSearchOfThePaperLeavesTheHeadOut() throws {
    let result = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", "text", "--method", "sequential", "--loss-increase", "1.0005", "--include-head",
      "-o",
      "t.json")
    #expect(result.status == 2 && result.errors.contains("leaves the vocabulary head out"))
  }

  @Test func statisticsAreThoseOfTheDenseModel() throws {
    let sites = try #require(try Self.document()["sites"] as? [[String: Any]])
    for site in sites {
      let statistics = try #require(site["statistics"] as? [String: Double])
      let magnitudes = try ["median", "p90", "p99"].map { try #require(statistics[$0]) }
      #expect(magnitudes == magnitudes.sorted() && magnitudes[2] > 0)
      let isBehindReLU = site["kind"] as? String == "feed_forward.value"
      #expect((statistics["zeros"]! > 0.5) == isBehindReLU && (magnitudes[0] == 0) == isBehindReLU)
    }
  }

  // MARK: Files that are refused

  private func refusal(_ text: String, status: Int32 = 3) throws -> String {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "bad.json")
    let result = try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "x", "-n", "0", "--thresholds", path)
    #expect(result.status == status)
    #expect(result.output.isEmpty)
    return result.errors
  }

  private func refusal(status: Int32 = 3, _ change: (inout [String: Any]) throws -> Void) throws -> String {
    var document = try Self.document()
    try change(&document)
    return try refusal(String(decoding: JSONSerialization.data(withJSONObject: document), as: UTF8.self), status: status)
  }

  private func refusal(ofSites change: (inout [[String: Any]]) -> Void) throws -> String {
    try refusal { document in
      var sites = try #require(document["sites"] as? [[String: Any]])
      change(&sites)
      document["sites"] = sites
    }
  }

  @Test func filesOfOtherKindsAreRefused() throws {
    #expect(try refusal("").contains("it is not JSON"))
    #expect(try refusal("{\"format\":").contains("it is not JSON"))
    #expect(try refusal("[1, 2]").contains("wrong type"))
    #expect(try refusal("{}").contains("the key 'format' is missing"))
    #expect(try refusal(String(repeating: "[", count: 100_000)).contains("it is not JSON"))
    #expect(try refusal { $0["format"] = "other" }.contains("its format is 'other'"))
    #expect(try refusal(status: 4) { $0["version"] = 2 }.contains("version 2"))
    #expect(try refusal { $0["sites"] = nil }.contains("the key 'sites' is missing"))
  }

  @Test func thresholdsOfAnotherModelAreRefused() throws {
    #expect(try refusal { $0["model_fingerprint"] = "0123456789abcdef" }.contains("another model"))
    let result = try CommandRunner.run("run", "-m", Samples.transformer.model, "-p", "x", "--thresholds", Sample.calibrated.path)
    #expect(result.status == 3)
    #expect(result.errors.contains("another model"))
  }

  @Test func sitesMustBeThoseOfTheModel() throws {
    #expect(try refusal(ofSites: { $0.removeLast() }).contains("site 'head' of the model is missing"))
    #expect(try refusal(ofSites: { $0.append(["name": "tail", "kind": "x", "theta": 0, "sparsity": 0]) }).contains("'tail' is none of"))
    #expect(try refusal(ofSites: { $0.append($0[0]) }).contains("stands twice"))
  }

  @Test func entriesMustFitTheSites() throws {
    #expect(try refusal(ofSites: { $0[1]["kind"] = "x" }).contains("the kind of site 'blocks.0.attention.value' is 'x'"))
    for (key, number) in [("sparsity", -0.1), ("sparsity", 1.1), ("density", 2.0)] {
      #expect(try refusal(ofSites: { $0[1][key] = number }).contains("the \(key) of site 'blocks.0.attention.value' is not a fraction"))
    }
    let statistics: [String: Double] = ["zeros": 0, "median": 1, "p90": 2, "p99": -3]
    #expect(try refusal(ofSites: { $0[1]["statistics"] = statistics }).contains("the statistics.p99 of site"))
    #expect(try refusal(ofSites: { $0[0]["centre"] = "no.such" }).contains("the centre of site 'blocks.0.attention.key' is 'no.such'"))
    #expect(try refusal(ofSites: { $0[0]["scale"] = "no.such" }).contains("has no vector of that name and of length 256"))
  }

  /// A vector of the site's length is a centre that a program may subtract.
  @Test func centresNameVectorsOfTheModel() throws {
    let folder = try TemporaryFolder()
    var document = try Self.document()
    var sites = try #require(document["sites"] as? [[String: Any]])
    let model = try Model(path: Samples.recurrent.model)
    let vector = try #require(model.tensors.first { $0.rows == 1 && $0.columns == 256 })
    sites[0]["centre"] = vector.name
    document["sites"] = sites
    let path = try folder.write(String(decoding: JSONSerialization.data(withJSONObject: document), as: UTF8.self), to: "t.json")
    #expect(try CommandRunner.run("run", "-m", Samples.recurrent.model, "-p", "x", "-n", "1", "--thresholds", path).status == 0)
  }

  @Test(arguments: ["-0.5", "-1e-30"]) func thresholdsMustNotBeNegative(theta: String) throws {
    let errors = try refusal(ofSites: { $0[2]["theta"] = Double(theta) })
    #expect(errors.contains("is not a number of at least 0"))
  }

  @Test(arguments: ["\"nan\"", "NaN", "1e999", "1e39", "null"]) func thresholdsMustBeNumbers(theta: String) throws {
    let text = try String(contentsOfFile: Sample.calibrated.path, encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.contains("\"theta\"") })
    _ = try refusal(text.replacingOccurrences(of: line, with: "\"theta\" : \(theta)"))
  }
}
