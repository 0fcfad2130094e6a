import CQuell

/// A token that may be chosen, and how likely it is.
struct Candidate {
  var token: UInt32
  /// A logit at first, then a probability.
  var weight: Float
}

/// How the next token is chosen from the logits.
public struct SamplingOptions: Sendable {
  /// Divides the logits; 0 chooses the greatest logit, always.
  public var temperature: Float = 0
  /// Only that many of the likeliest tokens are considered; 0 for all.
  public var topK = 0
  /// Only the likeliest tokens whose probabilities add up to this are considered; 1 for all.
  public var topP: Float = 1
  /// The same seed gives the same choices for the same logits.
  public var seed: UInt64 = 0

  /// Options.
  public init(temperature: Float = 0, topK: Int = 0, topP: Float = 1, seed: UInt64 = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }

  func check() throws(Failure) {
    guard temperature >= 0, temperature.isFinite else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the temperature is not a finite number of at least 0")
    }
    guard topK >= 0 else { throw Failure(QUELL_INVALID_ARGUMENT, "top-k is negative") }
    guard topP > 0, topP <= 1 else { throw Failure(QUELL_INVALID_ARGUMENT, "top-p is not above 0 and at most 1") }
  }
}

/// A source of random numbers: SplitMix64 [Steele, Lea and Flood, OOPSLA 2014], the same on every machine.
struct RandomNumbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }

  /// A number from 0 up to but not including 1, of 24 random bits.
  mutating func nextFraction() -> Float { Float(next() &>> 40) * 0x1p-24 }
}

/// Chooses tokens; remembers how many random numbers it has drawn.
public struct Sampler: Sendable {
  private let options: SamplingOptions
  private var random: RandomNumbers

  /// A sampler at the beginning of its sequence.
  public init(_ options: SamplingOptions) throws(Failure) {
    try options.check()
    self.options = options
    random = RandomNumbers(state: options.seed)
  }

  /// Chooses a token: greedy, or from the softmax of logits / temperature, cut to top-k, then to top-p.
  ///
  /// `candidates` is scratch memory for as many tokens as there are logits.
  @_optimize(speed)
  mutating func choose(_ logits: UnsafeBufferPointer<Float>, _ candidates: UnsafeMutableBufferPointer<Candidate>) throws(Failure) -> UInt32
  {
    let greatest = try Sampler.greatest(logits)
    guard options.temperature > 0 else { return greatest }
    for token in 0..<logits.count {
      let logit = (logits[token] - logits[Int(greatest)]) / options.temperature
      candidates[token] = Candidate(token: UInt32(token), weight: exponential(logit))
    }
    var kept = logits.count
    let limit = options.topK > 0 ? min(options.topK, kept) : kept
    if limit < kept || options.topP < 1 {
      CandidateHeap.moveLikeliest(limit, toFrontOf: candidates)
      kept = limit
    }
    if options.topP < 1 {
      let total = Sampler.total(candidates, kept)
      var sum: Float = 0
      for index in 0..<kept {
        sum += candidates[index].weight
        if sum >= options.topP * total {
          kept = index + 1
          break
        }
      }
    }
    return draw(candidates, kept)
  }

  @_optimize(speed)
  private mutating func draw(_ candidates: UnsafeMutableBufferPointer<Candidate>, _ count: Int) -> UInt32 {
    let mark = random.nextFraction() * Sampler.total(candidates, count)
    var sum: Float = 0
    for index in 0..<count {
      sum += candidates[index].weight
      if mark < sum { return candidates[index].token }
    }
    return candidates[count - 1].token
  }

  @_optimize(speed)
  private static func total(_ candidates: UnsafeMutableBufferPointer<Candidate>, _ count: Int) -> Float {
    var total: Float = 0
    for index in 0..<count { total += candidates[index].weight }
    return total
  }

  /// The token of the greatest logit, the first of equals.
  @_optimize(speed)
  static func greatest(_ logits: UnsafeBufferPointer<Float>) throws(Failure) -> UInt32 {
    var best = 0
    for token in 0..<logits.count {
      guard !logits[token].isNaN else {
        throw Failure(QUELL_MALFORMED, "the logit of token ").then(token).then(" is not a number: the model's weights are damaged")
      }
      if logits[token] > logits[best] { best = token }
    }
    guard logits[best].isFinite else {
      throw Failure(QUELL_MALFORMED, "the greatest logit is infinite: the model's weights are damaged")
    }
    return UInt32(best)
  }
}
