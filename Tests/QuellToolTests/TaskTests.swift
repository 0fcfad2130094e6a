import Foundation
import Testing

/// Task files in the layouts in which they are published, with texts of our own, and what the LM Evaluation Harness found on them with
/// the shipped models in ONNX Runtime (Tests/Scripts/task_results.py).
enum TaskSamples {
  static func file(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/Tasks/\(name)").path
  }

  static func results(_ sample: Sample, _ task: String) throws -> [String: Any] {
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file("results.json"))))
    let models = try #require((document as? [String: Any])?["models"] as? [String: Any])
    return try #require((models[sample.name] as? [String: Any])?[task] as? [String: Any])
  }
}

@Suite struct TaskTests {
  private static let tasks = ["lambada", "piqa", "hellaswag", "winogrande", "arc"]

  private func run(_ sample: Sample, _ task: String, _ options: String...) throws -> CommandRunner.Result {
    let labels = task == "piqa" ? ["--labels", TaskSamples.file("piqa-labels.lst")] : []
    return try CommandRunner.run(
      ["eval", "-m", sample.model, "--task", task, "--data", TaskSamples.file("\(task).jsonl"), "--json"] + labels + options)
  }

  @Test(arguments: [Samples.recurrent, Samples.transformer], tasks)
  func metricsAreThoseOfTheHarness(sample: Sample, task: String) throws {
    let document = try run(sample, task).document
    let expected = try TaskSamples.results(sample, task)
    #expect(document["task"] as? String == task)
    #expect(document["documents"] as? Int == (expected["documents"] as? [Any])?.count)
    for metric in ["acc", "acc_norm", "perplexity"] {
      let (ours, theirs) = (document[metric] as? Double, expected[metric] as? Double)
      #expect((ours == nil) == (theirs == nil), "\(metric)")
      if let ours, let theirs { #expect(abs(ours - theirs) <= 1e-3 * theirs, "\(metric): \(ours), \(theirs)") }
    }
  }

  @Test func errorsAreThoseOfMeans() throws {
    let document = try run(Samples.recurrent, "piqa").document
    let acc = try #require(document["acc"] as? Double)
    // Of zeros and ones: the deviation of a sample of ten, over the root of ten.
    #expect(try abs(#require(document["acc_stderr"] as? Double) - (acc * (1 - acc) / 9).squareRoot()) < 1e-9)
  }

  @Test func thresholdsAndThreadsCount() throws {
    let sparse = try run(Samples.recurrent, "lambada", "--thresholds", Sample.calibrated.path).document
    let dense = try run(Samples.recurrent, "lambada").document
    func macs(_ document: [String: Any]) throws -> Double { try #require((document["sparsity"] as? [String: Double])?["macs"]) }
    #expect(try macs(sparse) > macs(dense) + 0.2)
    #expect(sparse["perplexity"] as? Double != dense["perplexity"] as? Double)
    #expect(try run(Samples.recurrent, "arc", "-t", "3").output == run(Samples.recurrent, "arc").output)
  }

  /// Six tokens hold none of the questions, and 2048 hold all of them.
  @Test func longContextsLoseTheirBeginning() throws {
    func perplexity(_ context: String) throws -> Double {
      try #require(try run(Samples.recurrent, "lambada", "--context", context).document["perplexity"] as? Double)
    }
    #expect(try perplexity("6") != perplexity("2048"))
    #expect(try perplexity("256") == perplexity("2048"))
    let short = try run(Samples.recurrent, "piqa", "--context", "2")
    #expect(short.status == 1 && short.errors.contains("document 1 of") && short.errors.contains("more than the model's context"))
  }

  /// The copies of the data sets that are passed on most have labels in the records, and ARC's choices as two lists.
  @Test func otherLayoutsGiveTheSame() throws {
    let folder = try TemporaryFolder()
    func changed(_ task: String, _ change: (Int, inout [String: Any]) throws -> Void) throws -> [String: Any] {
      let lines = try String(contentsOfFile: TaskSamples.file("\(task).jsonl"), encoding: .utf8).split(separator: "\n")
      let changed = try lines.enumerated().map { index, line in
        var record = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        try change(index, &record)
        return String(decoding: try JSONSerialization.data(withJSONObject: record), as: UTF8.self)
      }
      let path = try folder.write(changed.joined(separator: "\n\n") + "\r\n", to: task)
      return try CommandRunner.run("eval", "-m", Samples.recurrent.model, "--task", task, "--data", path, "--json").document
    }
    let labels = try String(contentsOfFile: TaskSamples.file("piqa-labels.lst"), encoding: .utf8).split(separator: "\n")
    let piqa = try changed("piqa") { index, record in record["label"] = Int(labels[index]) }
    #expect(try piqa["acc_norm"] as? Double == run(Samples.recurrent, "piqa").document["acc_norm"] as? Double)
    let scenes = try changed("hellaswag") { _, record in record["label"] = "\(record["label"]!)" }
    #expect(try scenes["acc_norm"] as? Double == run(Samples.recurrent, "hellaswag").document["acc_norm"] as? Double)
    let arc = try changed("arc") { _, record in
      let question = try #require(record["question"] as? [String: Any])
      let choices = try #require(question["choices"] as? [[String: String]])
      record["question"] = question["stem"]
      record["choices"] = ["text": choices.map { $0["text"]! }, "label": choices.map { $0["label"]! }]
    }
    #expect(try arc["acc_norm"] as? Double == run(Samples.recurrent, "arc").document["acc_norm"] as? Double)
  }

  @Test func whatCannotBeReadIsNamed() throws {
    func refusal(_ task: String, _ text: String, labels: String? = nil) throws -> String {
      let folder = try TemporaryFolder()
      let path = try folder.write(text, to: "data.jsonl")
      let more = try labels.map { ["--labels", try folder.write($0, to: "labels")] } ?? []
      let result = try CommandRunner.run(["eval", "-m", Samples.recurrent.model, "--task", task, "--data", path] + more)
      #expect(result.status == 3 && result.output.isEmpty)
      return result.errors
    }
    #expect(try refusal("lambada", "").contains("holds no documents"))
    #expect(try refusal("lambada", "{\"text\": \"a b\"}\n[1]\n").contains("data.jsonl', line 2: it is no JSON object"))
    #expect(try refusal("lambada", "{}").contains("line 1: the key 'text' is missing"))
    let piqa = "{\"goal\": \"a\", \"sol1\": \"b\", \"sol2\": \"c\"}"
    #expect(try refusal("piqa", piqa).contains("the key 'label' is missing"))
    #expect(try refusal("piqa", piqa, labels: "2\n").contains("'label' is not a number from 0 to 1"))
    #expect(try refusal("piqa", piqa, labels: "0\n1\n").contains("has 2 labels for the 1 documents"))
    let sentence = "{\"sentence\": \"a b\", \"option1\": \"c\", \"option2\": \"d\", \"answer\": \"1\"}"
    #expect(try refusal("winogrande", sentence).contains("has no '_'"))
    #expect(
      try refusal("arc", "{\"question\": \"a\", \"choices\": {\"text\": [\"b\"], \"label\": [\"A\"]}, \"answerKey\": \"B\"}")
        .contains("no choice has the label 'B'"))
    #expect(try refusal("arc", "{\"question\": \"a\", \"choices\": {\"text\": [\"b\"], \"label\": []}}").contains("1 texts and 0 labels"))
  }
}
