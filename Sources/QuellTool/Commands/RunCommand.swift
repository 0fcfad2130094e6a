import ArgumentParser
import Quell

/// `quell run`: continues a prompt.
struct RunCommand: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Continue a prompt, and say what it cost.",
    discussion: """
      The text goes to standard output as it comes, the prompt first. The last line gives the activation sparsity, effective against \
      dense multiply-accumulates, and the energy and latency that are estimated for the SENECA processor.
      """)

  static let examples = [
    #"quell run -m model.gguf -p "Once upon a time" -n 64"#,
    #"quell run -m model.gguf -p "Once upon a time" -n 64 --temp 0.8 --top-p 0.95 --seed 7 --json"#,
  ]

  @OptionGroup var model: ModelOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The text to continue.", valueName: "text"))
  var prompt: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("A file with the text to continue.", valueName: "file"))
  var file: String?

  @Option(name: [.customShort("n"), .customLong("max-tokens")], help: ArgumentHelp("How many tokens to add at most.", valueName: "count"))
  var maximumTokens = 128

  @Option(name: .customLong("temp"), help: ArgumentHelp("Divides the logits; 0 takes the likeliest token, always.", valueName: "number"))
  var temperature: Float = 0

  @Option(help: ArgumentHelp("Choose among that many of the likeliest tokens; 0 for all.", valueName: "count"))
  var topK = 0

  @Option(help: ArgumentHelp("Choose among the likeliest tokens whose probabilities add up to this.", valueName: "fraction"))
  var topP: Float = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("The same seed gives the same text.", valueName: "number"))
  var seed: UInt64 = 0

  @OptionGroup var sparsity: SparsityOptions

  @OptionGroup var adaptation: AdaptationOptions

  @OptionGroup var threads: ThreadsOption

  @Option(help: ArgumentHelp("The most tokens to remember; 0 for the model's own limit.", valueName: "count"))
  var context = 0

  @Flag(help: "Go on after the token that ends a text.")
  var ignoreEos = false

  @Flag(help: "Print one JSON document instead.")
  var json = false

  func validate() throws {
    guard (prompt == nil) != (file == nil) else { throw ValidationError("give either a prompt (-p) or a file with one (-f)") }
    guard maximumTokens >= 0 else { throw ValidationError("-n is negative") }
    guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temp is a number of at least 0") }
    guard topK >= 0 else { throw ValidationError("--top-k is negative") }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p is a fraction above 0 and at most 1") }
    guard context >= 0 else { throw ValidationError("--context is negative") }
  }

  func run() throws {
    let model = try model.open()
    let tokenizer = try model.requireTokenizer()
    let session = try Session(model, contextLength: context, threads: threads.threads, batch: ThreadsOption.batch)
    let tokens = try promptTokens(tokenizer)
    try sparsity.apply(to: session)
    try adaptation.apply(to: session)
    var stream = TextStream(tokenizer)
    var text = ""
    func show(_ piece: String) throws {
      if json { text += piece } else { try StandardOutput.write(piece) }
    }
    let sampler = try Sampler(SamplingOptions(temperature: temperature, topK: topK, topP: topP, seed: seed))
    let generation = try Generation(
      session, prompt: tokens, limit: maximumTokens, sampler: sampler, endToken: ignoreEos ? nil : tokenizer.end
    ) { token in try show(stream.append(token)) }
    try show(stream.finish())
    let price = Price(session.counts)
    if json {
      try JSONDocument.print(RunReport(text: text, generation, price, session.adaptation))
    } else {
      try StandardOutput.write("\n\(price.line)\n")
      let prefill = "\(generation.promptCount) tokens of prompt at \(Figures.short(generation.prefillSpeed)) tokens/s"
      StandardError.note("\(prefill), \(generation.generatedCount) generated at \(Figures.short(generation.decodeSpeed)) tokens/s")
    }
    switch generation.end {
    case .interrupted: throw Interruption()
    case .contextFull: StandardError.note("stopped: the context of \(session.capacity) tokens is full")
    case .length, .endToken: break
    }
  }

  /// The tokens of the prompt; those of an empty one are the token with which a text begins.
  private func promptTokens(_ tokenizer: Tokenizer) throws -> [UInt32] {
    let text = try file.map { try Files.read($0) } ?? Array((prompt ?? "").utf8)
    let tokens = try tokenizer.encode(text)
    if !tokens.isEmpty { return tokens }
    guard let first = tokenizer.beginning ?? tokenizer.end else {
      throw CommandFailure(.failed, "the prompt is empty, and the model has no token that begins a text")
    }
    return [first]
  }
}

/// The JSON document of `quell run`.
struct RunReport: Encodable {
  /// Tokens in a second.
  struct Speed: Encodable {
    let prefill: Double
    let decode: Double
  }

  /// What the thresholds have come to be multiplied by.
  struct Factor: Encodable {
    let target: Float
    let factor: Float
  }

  let text: String
  let promptTokens: Int
  let tokens: Int
  let tokenIds: [UInt32]
  let tokensPerSecond: Speed
  let activationSparsity: Double
  let effectiveMacs: Double
  let denseMacs: Double
  let headEffectiveMacs: Double
  let headDenseMacs: Double
  let adaptation: Factor?
  let device: String
  let modelled: Bool
  let energyUj: Double
  let denseEnergyUj: Double
  let latencyMs: Double
  let denseLatencyMs: Double

  init(text: String, _ generation: Generation, _ price: Price, _ adaptation: Adaptation?) {
    self.text = text
    promptTokens = generation.promptCount
    tokens = generation.generatedCount
    tokenIds = generation.tokens
    tokensPerSecond = Speed(prefill: generation.prefillSpeed, decode: generation.decodeSpeed)
    activationSparsity = price.counts.activationSparsity
    effectiveMacs = price.effectiveMACs
    denseMacs = price.denseMACs
    headEffectiveMacs = price.headEffectiveMACs
    headDenseMacs = price.headDenseMACs
    self.adaptation = adaptation.map { Factor(target: $0.target, factor: $0.factor) }
    device = Price.deviceName
    modelled = true
    energyUj = price.estimate.energy
    denseEnergyUj = price.estimate.denseEnergy
    latencyMs = price.estimate.latency
    denseLatencyMs = price.estimate.denseLatency
  }
}
