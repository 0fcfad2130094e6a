import Foundation
import Testing

@Suite struct CostCommandTests {
  private static let sparsities = """
    {"time_mix.key": 61.61, "time_mix.value": 48.65, "time_mix.receptance": 49.53, "time_mix.output": 73.71,
     "channel_mix.key": 38.56, "channel_mix.receptance": 55.91, "channel_mix.value": 93.72}
    """
  private static let block = "rwkv4:layers=1,d=1024,ffn=4096,head=off"

  private func cost(_ arguments: String...) throws -> [String: Any] { try cost(arguments) }

  private func cost(_ arguments: [String]) throws -> [String: Any] {
    let result = try CommandRunner.run(["cost", "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try result.document
  }

  private func figures(_ document: [String: Any], _ keys: String...) throws -> [String: Double] {
    var place: Any = document
    for key in keys { place = try #require((place as? [String: Any])?[key], "\(key)") }
    return try #require(place as? [String: Any]).compactMapValues { $0 as? Double }
  }

  /// The poster to Knunyants et al., arXiv 2501.16337; the fixture of the cost model's own tests has its whole table.
  @Test func aShapeWithPublishedSparsitiesCostsWhatIsPublished() throws {
    let folder = try TemporaryFolder()
    let sites = try folder.write(CostCommandTests.sparsities, to: "sites.json")
    let document = try cost("--shape", CostCommandTests.block, "--site-sparsity", sites, "--device", "seneca-poster")
    #expect(document["caution"] as? String == "modelled, not measured")
    #expect((document["groups"] as? [String: Any])?.keys.sorted() == ["channel_mix", "time_mix"])
    for (place, energy, latency) in [
      (["groups", "time_mix", "sparse"], 12.4, 2.2), (["groups", "time_mix", "natural"], 29.5, 5.2),
      (["groups", "channel_mix", "sparse"], 23.2, 4.2), (["groups", "channel_mix", "natural"], 38.6, 6.9),
      (["totals", "sparse"], 35.6, 6.4), (["totals", "natural"], 68.1, 12.1),
    ] {
      var found: Any = document
      for key in place { found = try #require((found as? [String: Any])?[key]) }
      let cell = try #require(found as? [String: Any])
      #expect(try abs(#require(cell["energy_uj"] as? Double) / energy - 1) < 0.01, "\(place)")
      #expect(try abs(#require(cell["latency_ms"] as? Double) / latency - 1) < 0.01, "\(place)")
    }
    let dense = try figures(document, "totals", "dense")
    #expect(dense["effective_macs"] == Double(13 * 1024 * 1024))
  }

  @Test func namedShapesHaveAllLayersAndAHead() throws {
    let folder = try TemporaryFolder()
    let sites = try folder.write(CostCommandTests.sparsities, to: "sites.json")
    let document = try cost("--shape", "rwkv4-3b", "--site-sparsity", sites, "--device", "seneca", "--weights", "int4")
    #expect((document["layers"] as? [String: Any])?.count == 33)
    #expect(try figures(document, "totals", "dense")["dense_macs"] == 32 * 13 * 2560 * 2560 + 2560 * 50277)
    #expect((document["components"] as? [String: Any])?.keys.sorted() == ["embedding", "gates", "head", "layer_norm", "linear", "wkv"])
  }

  // MARK: Models

  private static let thresholds = ["-m", Samples.recurrent.model, "--thresholds", Sample.calibrated.path]

  @Test func aModelOnATextIsToldBySiteAndInTotal() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let result = try CommandRunner.run(["cost", "-f", text, "--weights", "int8"] + CostCommandTests.thresholds)
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines[0] == "modelled, not measured")
    for kind in ["time_mix.key", "channel_mix.value", "head", "total"] { #expect(lines.contains { $0.hasPrefix(kind) }, "\(kind)") }
    #expect(lines.contains { $0.hasPrefix("kind") && $0.hasSuffix("  saved against natural  saved against dense") })
    for part in ["embedding", "layer_norm", "wkv", "gates", "linear"] {
      #expect(lines.contains { $0.hasPrefix(part) && $0.contains("sparse") }, "\(part)")
    }
    #expect(result.output.contains("saved against natural (exact zeros skipped): "))
    #expect(result.output.contains("saved against dense (nothing skipped): "))
  }

  @Test func countsAreThoseOfARun() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let document = try cost("-m", Samples.recurrent.model, "-f", text, "--thresholds", Sample.calibrated.path, "--device", "seneca-poster")
    let evaluation = try CommandRunner.run(
      "eval", "-m", Samples.recurrent.model, "-f", text, "--thresholds", Sample.calibrated.path, "--json"
    ).document
    #expect(document["tokens"] as? Double == evaluation["tokens"] as? Double)
    let linear = try figures(document, "components", "linear", "sparse")
    #expect(try abs(#require(linear["effective_macs"]) / #require(evaluation["effective_macs"] as? Double) - 1) < 1e-12)
    #expect(linear["dense_macs"] == evaluation["dense_macs"] as? Double)
    // Without thresholds the natural case is all there is.
    let natural = try cost("-m", Samples.recurrent.model, "-f", text, "--device", "seneca-poster")
    let asWithout = try figures(natural, "totals", "sparse")
    #expect(try asWithout == figures(natural, "totals", "natural"))
    #expect(try asWithout == figures(document, "totals", "natural"))
    #expect(try figures(natural, "totals", "dense") == figures(document, "totals", "dense"))
  }

  @Test func attentionIsPricedByThePositionsThatItLooksBackAt() throws {
    let folder = try TemporaryFolder()
    let texts = try [20, 140].map { try folder.write(String(Samples.text.prefix($0)), to: "text\($0)") }
    let attention = try texts.map { text in
      let document = try cost("-m", Samples.transformer.model, "-f", text)
      return (
        tokens: try #require(document["tokens"] as? Double),
        energy: try #require(figures(document, "components", "attention", "sparse")["energy_uj"])
      )
    }
    // The mean number of positions grows with the text; copying keys and values, and a quotient for each head, do not.
    #expect(attention[1].tokens > 4 * attention[0].tokens)
    #expect(attention[1].energy > 3 * attention[0].energy)
  }

  @Test func figuresAndSheetsAreWrittenWhole() throws {
    let folder = try TemporaryFolder()
    let sites = try folder.write(CostCommandTests.sparsities, to: "sites.json")
    let result = try CommandRunner.run(
      "cost", "--shape", CostCommandTests.block, "--site-sparsity", sites, "--svg", folder.path("cost.svg"), "--csv",
      folder.path("cost.csv"), "--by", "layer")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try String(contentsOf: folder.url("cost.svg"), encoding: .utf8).hasSuffix("</svg>\n"))
    #expect(try String(contentsOf: folder.url("cost.csv"), encoding: .utf8).hasPrefix("basis,device,case,level,name,inputs,"))
  }

  /// The fixture is what NeuroBench's package counts in a PyTorch copy of the model: Tests/Scripts/neurobench_fixture.py.
  @Test func neuroBenchCountsTheSame() throws {
    struct Fixture: Decodable {
      struct Metrics: Decodable {
        let ConnectionSparsity: Double
        let ActivationSparsity: Double
        let SynapticOperations: [String: Double]
      }
      let text: String
      let tokens: Double
      let thresholds: [String: Float]
      let metrics: Metrics
    }
    let path = CommandRunner.package.appendingPathComponent("Tests/QuellToolTests/Fixtures/neurobench.json")
    let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: path))
    let model = try CommandRunner.run("inspect", "-m", Samples.transformer.model, "--json").document
    // The fixture's names of sites: layers.0.qkv, layers.0.out and so on.
    let names = ["self_attn.q_proj+k_proj+v_proj": "qkv", "self_attn.out_proj": "out", "fc1": "fc1", "fc2": "fc2"]
    let sites = try #require(model["sites"] as? [[String: Any]]).map { site in
      let (name, kind) = (try #require(site["name"] as? String), try #require(site["kind"] as? String))
      let theta = names[kind].flatMap { fixture.thresholds[name.replacingOccurrences(of: kind, with: $0)] }
      #expect(theta != nil || kind == "head", "\(name)")
      return ["name": name, "kind": kind, "theta": theta ?? 0, "sparsity": 0] as [String: Any]
    }
    let file: [String: Any] = [
      "format": "quell-thresholds", "version": 1, "model_fingerprint": try #require(model["fingerprint"]), "method": "fixture",
      "sparsity": 0, "calibration_tokens": 0, "sites": sites,
    ]
    let folder = try TemporaryFolder()
    let thresholds = try folder.write(JSONSerialization.data(withJSONObject: file), to: "thresholds.json")
    let text = try folder.write(fixture.text, to: "text")
    let result = try CommandRunner.run(
      "cost", "-m", Samples.transformer.model, "-f", text, "--thresholds", thresholds, "--neurobench")
    #expect(result.status == 0, "\(result.errors)")
    let document = try result.document
    let operations = try #require(document["SynapticOperations"] as? [String: Double])
    for (key, count) in fixture.metrics.SynapticOperations {
      #expect(try (#require(operations[key]) * fixture.tokens).rounded() == (count * fixture.tokens).rounded(), "\(key)")
    }
    #expect(document["ConnectionSparsity"] as? Double == fixture.metrics.ConnectionSparsity)
    #expect(try abs(#require(document["ActivationSparsity"] as? Double) - fixture.metrics.ActivationSparsity) < 1e-9)
    #expect(try #require(document["Footprint"] as? Int) > 10_000_000)
  }

  @Test(arguments: ["uniform", "allocate", "compensate"]) func calibrationReachesAFractionOfTheEnergy(method: String) throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text), to: "text")
    let output = folder.path(method == "compensate" ? "sparse.gguf" : "thresholds.json")
    let calibrated = try CommandRunner.run(
      "calibrate", "-m", Samples.recurrent.model, "-f", text, "--method", method, "--target-energy", "0.6x", "--device", "seneca",
      "--weights", "int8", "-o", output)
    #expect(calibrated.status == 0, "\(calibrated.errors)")
    let subject = method == "compensate" ? ["-m", output] : ["-m", Samples.recurrent.model, "--thresholds", output]
    let document = try cost(["-f", text, "--device", "seneca", "--weights", "int8"] + subject)
    let ratio =
      try #require(figures(document, "totals", "sparse")["energy_uj"]) / #require(figures(document, "totals", "dense")["energy_uj"])
    #expect(abs(ratio / 0.6 - 1) < 0.01, "\(ratio)")
  }

  // MARK: Devices

  @Test func aShippedProfileCanBeWrittenAndReadBack() throws {
    let folder = try TemporaryFolder()
    let profile = try CommandRunner.run("cost", "--device", "seneca", "--show-device")
    #expect(profile.status == 0)
    let path = try folder.write(
      profile.output.replacingOccurrences(of: "\"name\": \"seneca\"", with: "\"name\": \"mine\""), to: "mine.json")
    let sites = try folder.write(CostCommandTests.sparsities, to: "sites.json")
    let mine = try cost("--shape", CostCommandTests.block, "--site-sparsity", sites, "--device", path)
    let shipped = try cost("--shape", CostCommandTests.block, "--site-sparsity", sites)
    #expect(mine["device"] as? String == "mine" && shipped["device"] as? String == "seneca")
    #expect(try figures(mine, "totals", "sparse") == figures(shipped, "totals", "sparse"))
  }

  @Test func pricesForFirmwareAreCSource() throws {
    let result = try CommandRunner.run("cost", "--device", "seneca-poster", "--prices")
    #expect(result.status == 0)
    #expect(result.output.contains("static const quell_price quell_prices[QUELL_WORK_KINDS] = {"))
    #expect(result.output.contains("[QUELL_WORK_MAC_INT8] = {"))
  }

  @Test func whatCannotBePricedIsRefused() throws {
    let folder = try TemporaryFolder()
    let sites = try folder.write(CostCommandTests.sparsities, to: "sites.json")
    let unpriced = try CommandRunner.run(
      "cost", "--shape", CostCommandTests.block, "--site-sparsity", sites, "--device", "seneca-poster", "--include", "wkv")
    #expect(unpriced.status == 4 && unpriced.errors.contains("no price for work of the kind") && unpriced.output.isEmpty)
    let template = try CommandRunner.run("cost", "--shape", CostCommandTests.block, "--site-sparsity", sites, "--device", "loihi-like")
    #expect(template.status == 3 && template.errors.contains("has no value yet"))
    let missing = try CommandRunner.run("cost", "--shape", CostCommandTests.block, "--site-sparsity", sites, "--device", "none.json")
    #expect(missing.status == 1 && missing.errors.contains("none.json"))
    let wrong = try folder.write(#"{"time_mix.key": 50}"#, to: "wrong.json")
    #expect(try CommandRunner.run("cost", "--shape", CostCommandTests.block, "--site-sparsity", wrong).status == 3)
    for arguments in [
      ["--shape", "rwkv4-3b"], ["-m", "model.gguf"], ["--shape", "rwkv4-3b", "--site-sparsity", sites, "-m", "x", "-f", "y"],
      ["--shape", "rwkv4:layers=1,head=maybe", "--site-sparsity", sites],
      ["--shape", "rwkv4-3b", "--site-sparsity", sites, "--cores", "0"],
      ["--shape", "rwkv4-3b", "--site-sparsity", sites, "--exclude", "heads"],
      ["--shape", "rwkv4-3b", "--site-sparsity", sites, "--json", "--prices"],
    ] {
      #expect(try CommandRunner.run(["cost"] + arguments).status == 2, "\(arguments)")
    }
  }
}
