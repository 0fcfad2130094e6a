import Foundation
import Quell

/// One measurement of `quell bench`: a test under one setting, over its repetitions.
struct BenchRecord: Encodable {
  /// The model's name.
  let model: String
  /// The type of most of its weights.
  let weights: String
  /// `pp64` takes a prompt of 64 tokens, `tg64` takes 64 tokens one by one.
  let test: String
  let threads: Int
  /// The sparsity that was asked for, nothing where the thresholds are the model's own or a file's.
  let sparsity: Double?
  /// The fraction of multiply-accumulates that was skipped, the head's left out.
  let measuredSparsity: Double
  /// The same of the head.
  let headSparsity: Double
  let tokensPerSecond: Double
  /// The standard deviation of the repetitions.
  let deviation: Double
  let repetitions: Int
  /// Bytes of weights and caches that a token reads.
  let bytesPerToken: Double
  /// Bytes that one thread read from memory in a second, measured before each repetition: the median.
  let readBandwidth: Double?
  /// Bytes that a token read, in a second, over what could be read right before: the median of the repetitions.
  let bandwidthFraction: Double?
  let cpu: String
  let build: String

  init(model: String, weights: String, test: String, threads: Int, sparsity: Double?, _ series: BenchSeries) {
    let last = series.samples[series.samples.count - 1]
    let counts = last.counts
    self.model = model
    self.weights = weights
    self.test = test
    self.threads = threads
    self.sparsity = sparsity
    measuredSparsity = counts.activationSparsity
    headSparsity = counts.headDenseMACs == 0 ? 0 : 1 - Double(counts.headEffectiveMACs) / Double(counts.headDenseMACs)
    tokensPerSecond = series.mean
    deviation = series.deviation
    repetitions = series.samples.count
    bytesPerToken = last.bytesPerToken
    readBandwidth = series.bandwidth
    // What a prompt reads serves several tokens.
    bandwidthFraction = test.hasPrefix("pp") ? nil : series.bandwidthFraction
    cpu = Machine.processor
    build = "quell \(String(cString: quell_version()))"
  }

  /// All but what is the same for every record.
  static let header = ["model", "weights", "test", "threads", "sparsity", "measured", "tokens/s", "bytes/token", "memory/s", "of it"]

  /// A line of the table.
  var row: [String] {
    [
      model, weights, test, "\(threads)", sparsity.map { Figures.fixed($0, 2) } ?? "-", "\(Percentage(measuredSparsity))",
      "\(Figures.short(tokensPerSecond)) ± \(Figures.short(deviation))", Figures.bytes(Int(bytesPerToken)),
      readBandwidth.map { Figures.bytes(Int($0)) } ?? "-", bandwidthFraction.map { Figures.fixed($0, 2) } ?? "-",
    ]
  }

  /// The names of the columns of a CSV file.
  static let csvHeader =
    "model,weights,test,threads,sparsity,measured_sparsity,head_sparsity,tokens_per_second,deviation,repetitions,"
    + "bytes_per_token,read_bandwidth,bandwidth_fraction,cpu,build"

  /// A line of a CSV file.
  var csv: String {
    let fields: [String] = [
      quoted(model), weights, test, "\(threads)", sparsity.map { "\($0)" } ?? "", "\(measuredSparsity)", "\(headSparsity)",
      "\(tokensPerSecond)", "\(deviation)", "\(repetitions)", "\(bytesPerToken)",
      readBandwidth.map { "\($0)" } ?? "", bandwidthFraction.map { "\($0)" } ?? "", quoted(cpu), quoted(build),
    ]
    return fields.joined(separator: ",")
  }

  private func quoted(_ text: String) -> String { "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" }
}

/// The machine that a measurement was taken on.
enum Machine {
  /// What the processor calls itself.
  static var processor: String {
    let lines = ((try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? "").split(separator: "\n")
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
    return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }

  /// The type of most of a model's bytes.
  static func mostUsedFormat(_ model: Model) -> String {
    var bytes: [WeightFormat: Int] = [:]
    for tensor in model.tensors { bytes[tensor.format, default: 0] += tensor.byteCount }
    return bytes.max { $0.value < $1.value }.map { "\($0.key)" } ?? "none"
  }
}
