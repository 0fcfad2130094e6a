import Foundation
import Testing

@Suite struct BenchTests {
  private static let shape = "rwkv4:layers=1,d=64,ffn=128,vocabulary=64"

  private func bench(_ arguments: String...) throws -> CommandRunner.Result {
    try CommandRunner.run(["bench", "-p", "4", "-n", "6", "-r", "2"] + arguments)
  }

  @Test func everySettingIsARecordOfTheDocument() throws {
    let result = try bench("--synthetic", Self.shape, "--weights", "int8", "--sparsity", "0,0.63", "-t", "1,2", "--json")
    #expect(result.status == 0 && result.errors.isEmpty)
    let records = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    #expect(records.count == 8)
    for record in records {
      #expect(record["weights"] as? String == "int8" && record["model"] as? String == Self.shape)
      #expect(["pp4", "tg6"].contains(record["test"] as? String))
      #expect(record["tokens_per_second"] as? Double ?? 0 > 0 && record["bytes_per_token"] as? Double ?? 0 > 0)
      #expect(record["deviation"] is Double && record["cpu"] is String && record["build"] is String)
    }
    for threads in [1, 2] {
      let decode = records.filter { $0["threads"] as? Int == threads && $0["test"] as? String == "tg6" }
      let measured = decode.map { $0["measured_sparsity"] as? Double ?? -1 }
      #expect(decode.map { $0["sparsity"] as? Double } == [0, 0.63])
      #expect(measured[0] < 0.5 && abs(measured[1] - 0.63) < 0.1)
      // Of a matrix of bytes, the head and an embedding row apart, a token reads what is not skipped.
      let bytes = decode.map { $0["bytes_per_token"] as? Double ?? 0 }
      #expect(bytes[1] < bytes[0])
    }
  }

  @Test func whatATokenReadsIsComparedWithWhatMemoryGives() throws {
    let result = try CommandRunner.run(["bench", "-p", "3", "-n", "6", "-r", "1", "--synthetic", Self.shape, "--json"])
    let records = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    let (prompt, decode) = try (#require(records.first), #require(records.last))
    #expect(prompt["read_bandwidth"] is Double && prompt["bandwidth_fraction"] == nil)
    func number(_ name: String) throws -> Double { try #require(decode[name] as? Double) }
    let expected = try number("bytes_per_token") * number("tokens_per_second") / number("read_bandwidth")
    #expect(try abs(number("bandwidth_fraction") / expected - 1) < 1e-9)
  }

  @Test func theHeadIsSparseWhereAskedFor() throws {
    func head(_ options: [String]) throws -> [Double?] {
      let result = try CommandRunner.run(
        ["bench", "-p", "0", "-n", "6", "-r", "1", "--synthetic", Self.shape, "--sparsity", "0.63", "--json"] + options)
      let records = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
      return records.map { $0["head_sparsity"] as? Double }
    }
    #expect(try head([]) == [0])
    let sparse = try #require(try head(["--sparse-head"]).first ?? nil)
    #expect(abs(sparse - 0.63) < 0.1)
  }

  @Test func tablesAndCommaSeparatedValuesHoldTheSame() throws {
    let table = try bench("--synthetic", Self.shape, "--sparsity", "0.5")
    #expect(table.output.split(separator: "\n").count == 4 && table.output.contains("pp4") && table.output.contains("tg6"))
    let values = try bench("--synthetic", Self.shape, "--format", "csv")
    let lines = values.output.split(separator: "\n")
    #expect(lines.count == 3 && lines[0].hasPrefix("model,weights,test,threads,sparsity"))
    let fields = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }
    #expect(fields[0] == 15 && lines[1].contains("pp4"), "\(lines)")
  }

  @Test func aModelIsMeasuredWithItsOwnThresholds() throws {
    let result = try bench("-m", Samples.recurrent.model, "--json")
    let records = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    #expect(records.count == 2 && records.allSatisfy { $0["sparsity"] == nil })
  }

  @Test func syntheticModelsAreKeptWhereAsked() throws {
    let folder = try TemporaryFolder()
    #expect(try bench("--synthetic", Self.shape, "--keep", folder.path("kept")).status == 0)
    let again = try bench("-m", folder.path("kept/synthetic.gguf"))
    #expect(again.status == 0 && again.output.contains(Self.shape))
  }

  @Test(arguments: [
    [], ["--synthetic", "rwkv4-430m", "-m", "x.gguf"], ["--synthetic", shape, "-t", "0"], ["--synthetic", shape, "--sparsity", "1.5"],
    ["--synthetic", shape, "--sparsity", "0,x"], ["--synthetic", shape, "-r", "0"],
    ["--synthetic", shape, "--sparse-head"],
  ])
  func wrongArgumentsAreRefused(_ arguments: [String]) throws {
    let result = try CommandRunner.run(["bench"] + arguments)
    #expect(result.status == 2 && result.output.isEmpty && !result.errors.isEmpty)
  }

  @Test func anUnknownShapeIsNamedWithThoseThatAreKnown() throws {
    let result = try bench("--synthetic", "rwkv4-431m")
    #expect(result.status == 4 && result.errors.contains("rwkv4-431m") && result.errors.contains("rwkv4-430m"))
  }
}

@Suite struct ConvertTests {
  @Test func aConvertedModelCarriesItsThresholdsAndWritesTheSameText() throws {
    let folder = try TemporaryFolder()
    let (thresholds, output) = (Sample.calibrated.path, folder.path("sparse.gguf"))
    let model = Samples.recurrent.model
    let converted = try CommandRunner.run(["convert", "-m", model, "--thresholds", thresholds, "-o", output])
    #expect(converted.status == 0 && converted.output.contains("laid out anew"))
    func text(_ arguments: String...) throws -> Substring? {
      try CommandRunner.run(["run", "-p", "Once upon a time", "-n", "12", "-m"] + arguments).output.split(separator: "\n").first
    }
    #expect(try text(output) == text(model, "--thresholds", thresholds))
    let again = try CommandRunner.run(["convert", "-m", output, "--thresholds", thresholds, "-o", folder.path("other.gguf")])
    #expect(again.status == 3 && again.errors.contains("another model"))
  }
  @Test func hiddenUnitsStandInTheOrderOfHowOftenTheyFire() throws {
    let folder = try TemporaryFolder()
    try Samples.documents.write(toFile: folder.path("text.txt"), atomically: true, encoding: .utf8)
    let (model, output) = (Samples.recurrent.model, folder.path("ordered.gguf"))
    let ordered = try CommandRunner.run(["convert", "-m", model, "--order-neurons", folder.path("text.txt"), "-o", output])
    #expect(ordered.status == 0 && ordered.output.contains("hidden units of 6 sites ordered"), "\(ordered.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url("").path).sorted() == ["ordered.gguf", "text.txt"])
    func text(_ path: String) throws -> Substring? {
      try CommandRunner.run(["run", "-p", "Once upon a time", "-n", "12", "-m", path]).output.split(separator: "\n").first
    }
    #expect(try text(output) == text(model))
  }
}
