import ArgumentParser
import Foundation
import Quell
import QuellImport

/// `quell bench`: how fast a model runs.
struct BenchCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast a model takes prompts and gives tokens.",
    discussion: """
      All settings take turns, one repetition after the other, so that a noisy machine is noisy for all. A model of a known shape \
      with random weights is made with --synthetic: \(DecoderShape.named.map { $0.name }.joined(separator: ", ")), or a description \
      such as rwkv4:layers=2,d=256,ffn=1024,vocabulary=2048.
      """)

  static let examples = [
    "quell bench -m model.gguf",
    "quell bench -m model.gguf --sparsity 0,0.5,0.63 -t 1,2",
    "quell bench --synthetic rwkv4-430m --weights int8 --sparsity 0,0.63 --json",
  ]

  @OptionGroup var models: BenchModels

  @Option(
    help: ArgumentHelp(
      "Set thresholds for these fractions of multiply-accumulates, found on random tokens, and lay a copy of the model out for each; without it the model runs as it is.",
      valueName: "fraction,...")
  ) var sparsity: NumberList<Double>?

  @Flag(help: "With --sparsity, thresholds for the vocabulary head too, and its multiply-accumulates counted among the others.")
  var sparseHead = false

  @Option(help: ArgumentHelp("Thresholds made by `quell calibrate`.", valueName: "file"))
  var thresholds: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("How many threads work on a step.", valueName: "count,..."))
  var threads = NumberList<Int>([1])

  @Option(help: ArgumentHelp("How many tokens of a prompt are taken at a time.", valueName: "count"))
  var batch = ThreadsOption.batch

  @Option(name: .shortAndLong, help: ArgumentHelp("Tokens of the prompt; 0 leaves the test out.", valueName: "count"))
  var prompt = 64

  @Option(
    name: [.customShort("n"), .customLong("tokens")],
    help: ArgumentHelp("Tokens taken one by one; 0 leaves the test out.", valueName: "count"))
  var tokens = 64

  @Option(name: .shortAndLong, help: ArgumentHelp("How often each test is run.", valueName: "count"))
  var repetitions = 5

  @Option(help: "How to print the results.")
  var format = Format.table

  @Flag(help: "The same as --format json.")
  var json = false

  /// What the results are printed as.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json
  }

  func validate() throws {
    guard prompt >= 0, tokens >= 0, prompt + tokens > 0 else { throw ValidationError("-p and -n are counts, and one of them is not 0") }
    guard repetitions >= 1 else { throw ValidationError("-r is a number of at least 1") }
    guard batch >= 1, threads.numbers.allSatisfy({ $0 >= 1 }) else { throw ValidationError("-t and --batch are numbers of at least 1") }
    if sparsity != nil, thresholds != nil { throw ValidationError("--sparsity and --thresholds exclude each other") }
    if sparseHead, sparsity == nil { throw ValidationError("--sparse-head goes with --sparsity") }
    for fraction in sparsity?.numbers ?? [] { try SparsityOptions.check(fraction) }
  }

  func run() throws {
    let records = try models.withModel { model in try measure(model) }
    switch json ? .json : format {
    case .json: try JSONDocument.print(records)
    case .csv: try StandardOutput.write(([BenchRecord.csvHeader] + records.map { $0.csv }).joined(separator: "\n") + "\n")
    case .table:
      let table = TextTable(header: BenchRecord.header, rows: records.map { $0.row })
      try StandardOutput.write((["\(records[0].cpu); \(records[0].build)"] + table.lines).joined(separator: "\n") + "\n")
    }
  }
}

extension BenchCommand {
  private func measure(_ model: BenchModel) throws -> [BenchRecord] {
    let tests = [Bench.Test(tokens: prompt, isPrompt: true), Bench.Test(tokens: tokens, isPrompt: false)].filter { $0.tokens > 0 }
    let settings = try BenchSettings(
      model, context: max(prompt, tokens), batch: batch, threads: threads.numbers, sparsities: sparsity?.numbers,
      sparseHead: sparseHead, thresholdFile: thresholds)
    let series = try Bench(settings: settings.sessions, tests: tests, repetitions: repetitions, bandwidth: ReadBandwidth()).run()
    let weights = Machine.mostUsedFormat(settings.sessions[0].session.model)
    return zip(settings.sessions, series).flatMap { setting, series in
      zip(tests, series).map { test, series in
        BenchRecord(
          model: model.base.name, weights: weights, test: test.name, threads: setting.threads, sparsity: setting.sparsity, series)
      }
    }
  }
}
