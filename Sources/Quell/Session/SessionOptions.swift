/// How a session is made.
struct SessionOptions {
  /// The greatest number of positions; 0 asks for the model's own limit.
  var contextLength = 0
  var instructionSet = InstructionSet.automatic
  /// How many threads work on a step, the caller's among them.
  var threads = 1
  /// How many tokens prefill takes at a time; each costs memory.
  var batch = 1

  /// The most tokens that prefill can be made to take at a time: more gain nothing.
  static let largestBatch = 1024
}
