import Foundation
import Testing

/// Every way in which a command fails says so in one line and by its exit status, and never crashes.
@Suite struct FailureTests {
  private func expect(_ arguments: [String], status: Int32, _ message: String, _ location: SourceLocation = #_sourceLocation) throws {
    let result = try CommandRunner.run(arguments)
    #expect(result.status == status, "\(arguments): \(result.errors)", sourceLocation: location)
    #expect(result.output.isEmpty, sourceLocation: location)
    #expect(result.errors.hasPrefix("quell: "), sourceLocation: location)
    #expect(message.isEmpty || result.errors.contains(message), "\(result.errors)", sourceLocation: location)
  }

  /// A run of each command that reads a model, with another file in the model's place.
  private static func commands(on model: String) -> [[String]] {
    [
      ["run", "-m", model, "-p", "x"], ["inspect", "-m", model], ["eval", "-m", model, "-f", "/dev/null"],
      ["calibrate", "-m", model, "-f", "/dev/null", "--sparsity", "0.5", "-o", "/nowhere/t.json"],
    ]
  }

  // MARK: Models

  @Test func modelsThatAreNotThere() throws {
    for command in Self.commands(on: "/nowhere/model.gguf") {
      try expect(command, status: 1, "cannot open '/nowhere/model.gguf': No such file or directory")
    }
    for command in Self.commands(on: "/") { try expect(command, status: 1, "'/'") }
    try expect(["run", "-m", "/dev/zero", "-p", "x"], status: 1, "not a regular file")
  }

  @Test func filesThatAreNoModels() throws {
    let folder = try TemporaryFolder()
    for command in Self.commands(on: try folder.write("", to: "empty")) { try expect(command, status: 3, "is empty") }
    for command in Self.commands(on: try folder.write("Once upon a time", to: "text")) {
      try expect(command, status: 3, "text: not a GGUF file")
    }
    try expect(["run", "-m", Samples.recurrent.source, "-p", "x"], status: 3, "not a GGUF file")
    var foreign = Data("GGUF".utf8)
    for number in [3, 0, 0, 0, 0] as [UInt32] { withUnsafeBytes(of: number.littleEndian) { foreign.append(contentsOf: $0) } }
    try expect(["run", "-m", folder.write(foreign, to: "foreign"), "-p", "x"], status: 4, "not of a Quell model")
    foreign[4] = 2
    try expect(["run", "-m", folder.write(foreign, to: "old"), "-p", "x"], status: 4, "GGUF version 2")
  }

  @Test func truncatedModels() throws {
    let folder = try TemporaryFolder()
    let model = try Data(contentsOf: URL(fileURLWithPath: Samples.recurrent.model))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<8 {
      let length = Int.random(in: 5..<model.count, using: &random)
      try expect(["inspect", "-m", folder.write(model.prefix(length), to: "truncated")], status: 3, "truncated")
    }
    try expect(["inspect", "-m", folder.write(model.prefix(3), to: "truncated")], status: 3, "not a GGUF file")
  }

  @Test func modelsWithoutATokenizer() throws {
    let folder = try TemporaryFolder()
    let model = folder.path("mute.gguf")
    let result = try CommandRunner.run("import", Samples.recurrent.source, "--no-tokenizer", "-o", model)
    #expect(result.status == 0)
    #expect(result.output.contains("no tokenizer"))
    try expect(["run", "-m", model, "-p", "x"], status: 1, "the model carries no tokenizer")
  }

  // MARK: Exports

  @Test func exportsThatAreNotThere() throws {
    let folder = try TemporaryFolder()
    let output = folder.path("model.gguf")
    try expect(["import", "/nowhere/model.onnx", "-o", output, "--no-tokenizer"], status: 1, "/nowhere/model.onnx")
    try expect(["import", "/", "-o", output, "--no-tokenizer"], status: 1, "/")
    #expect(folder.contents.isEmpty)
  }

  @Test func filesThatAreNoExports() throws {
    let folder = try TemporaryFolder()
    let output = folder.path("model.gguf")
    for (name, text) in [("empty", ""), ("text", "Once upon a time")] {
      try expect(["import", folder.write(text, to: name), "-o", output, "--no-tokenizer"], status: 3, name)
    }
    try expect(["import", Samples.recurrent.model, "-o", output, "--no-tokenizer"], status: 3, "")
    #expect(folder.contents == ["empty", "text"])
  }

  @Test func truncatedExports() throws {
    let folder = try TemporaryFolder()
    let export = try Data(contentsOf: URL(fileURLWithPath: Samples.recurrent.source))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<8 {
      let length = Int.random(in: 1..<export.count, using: &random)
      let truncated = try folder.write(export.prefix(length), to: "truncated")
      try expect(["import", truncated, "-o", folder.path("model.gguf"), "--no-tokenizer"], status: 3, "")
    }
    #expect(folder.contents == ["truncated"])
  }

  @Test func tokenizersThatCannotBeUsed() throws {
    let folder = try TemporaryFolder()
    func arguments(_ tokenizer: String) -> [String] {
      ["import", Samples.recurrent.source, "--tokenizer", tokenizer, "-o", folder.path("model.gguf")]
    }
    try expect(arguments("/nowhere/tokenizer.json"), status: 1, "/nowhere/tokenizer.json")
    try expect(arguments(folder.write("{", to: "broken")), status: 3, "broken")
    let wordPiece = #"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#
    try expect(arguments(folder.write(wordPiece, to: "other")), status: 4, "other")
    #expect(folder.contents == ["broken", "other"])
  }

  @Test func referencesThatCannotBeUsed() throws {
    let folder = try TemporaryFolder()
    let output = folder.path("model.gguf")
    let base = ["import", Samples.recurrent.source, "--no-tokenizer", "-o", output, "--verify-with"]
    try expect(base + ["/nowhere/reference.npz"], status: 1, "/nowhere/reference.npz")
    try expect(base + [try folder.write("Once upon a time", to: "text.npz")], status: 3, "no NumPy archive")
    // The archive has two logits for each token, and the model 2048.
    let archive = CommandRunner.package.appendingPathComponent("Tests/QuellImportTests/Fixtures/Archives/stored.npz").path
    try expect(base + [archive], status: 4, "2048")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func placesThatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(String(Samples.text.prefix(20)), to: "text")
    let calibrate = ["calibrate", "-m", Samples.recurrent.model, "-f", text, "--sparsity", "0.5", "-o"]
    try expect(calibrate + ["/nowhere/t.json"], status: 1, "cannot write '/nowhere/t.json': No such file or directory")
    try expect(calibrate + ["/"], status: 1, "not a regular file")
    try expect(calibrate + ["/dev/full"], status: 1, "not a regular file")
    let importing = ["import", Samples.recurrent.source, "--no-tokenizer", "-o"]
    try expect(importing + ["/nowhere/model.gguf"], status: 1, "/nowhere/model.gguf")
    try expect(importing + [Samples.recurrent.source], status: 1, "")
  }

  // MARK: Texts

  @Test func textsThatAreNotThere() throws {
    let folder = try TemporaryFolder()
    let model = Samples.recurrent.model
    try expect(["run", "-m", model, "-f", "/nowhere/text"], status: 1, "cannot read '/nowhere/text': No such file or directory")
    try expect(["run", "-m", model, "-f", "/"], status: 1, "cannot read '/': Is a directory")
    try expect(["eval", "-m", model, "-f", "/nowhere/text"], status: 1, "cannot read '/nowhere/text'")
    try expect(["eval", "-m", model, "-f", folder.write("", to: "empty")], status: 1, "holds no text to predict")
    try expect(["run", "-m", model, "-p", "x", "--thresholds", "/nowhere/t.json"], status: 1, "cannot read '/nowhere/t.json'")
    try expect(["run", "-m", model, "-p", "x", "--sparsity", "0.5", "--calibration", "/dev/null"], status: 1, "calibration text is empty")
    let calibrate = ["calibrate", "-m", model, "--sparsity", "0.5", "-o", folder.path("t.json"), "-f"]
    try expect(calibrate + ["/nowhere/text"], status: 1, "cannot read '/nowhere/text'")
    try expect(calibrate + ["/dev/null"], status: 1, "calibration text is empty")
    #expect(folder.contents == ["empty"])
  }

  // MARK: Usage

  @Test(arguments: [
    ["frobnicate"], ["run"], ["run", "--frobnicate"], ["run", "-m", "m.gguf"], ["run", "-m", "m.gguf", "-p", "x", "-f", "y"],
    ["run", "-m", "m.gguf", "-p", "x", "-n", "many"], ["run", "-m", "m.gguf", "-p", "x", "-n=-1"],
    ["run", "-m", "m.gguf", "-p", "x", "--temp=-1"], ["run", "-m", "m.gguf", "-p", "x", "--temp", "nan"],
    ["run", "-m", "m.gguf", "-p", "x", "--top-k=-1"], ["run", "-m", "m.gguf", "-p", "x", "--top-p", "0"],
    ["run", "-m", "m.gguf", "-p", "x", "--top-p", "1.5"], ["run", "-m", "m.gguf", "-p", "x", "--seed=-1"],
    ["run", "-m", "m.gguf", "-p", "x", "--context=-1"], ["run", "-m", "m.gguf", "-p", "x", "--sparsity", "0.5"],
    ["run", "-m", "m.gguf", "-p", "x", "--calibration", "t"],
    ["run", "-m", "m.gguf", "-p", "x", "--sparsity", "1.5", "--calibration", "t"],
    ["run", "-m", "m.gguf", "-p", "x", "--sparsity", "0.5", "--calibration", "t", "--thresholds", "t"],
    ["calibrate", "-m", "m.gguf", "-f", "t", "-o", "o"], ["calibrate", "-m", "m.gguf", "-f", "t", "-o", "o", "--sparsity", "1.5"],
    ["calibrate", "-m", "m.gguf", "-f", "t", "-o", "o", "--sparsity", "nan"], ["eval", "-m", "m.gguf"],
    ["eval", "-m", "m.gguf", "-f", "t", "--window", "0"], ["inspect"], ["import", "m.onnx"],
    ["import", "m.onnx", "-o", "m.gguf", "--weights", "int3"], ["import", "m.onnx", "-o", "o", "--no-tokenizer", "--tokenizer", "t"],
  ]) func wrongUsage(arguments: [String]) throws {
    try expect(arguments, status: 2, "Usage: quell")
  }
}
