/// How a session is made.
struct SessionOptions {
  /// The greatest number of positions; 0 asks for the model's own limit.
  var contextLength = 0
  var instructionSet = InstructionSet.automatic
  /// How many threads work on a step, the caller's among them.
  var threads = 1
  /// How many tokens prefill takes at a time; each costs memory.
  var batch = 1
  /// Whether events and what follows from them are counted.
  var countsWork = true
  /// How many events a device takes together: groups of that size are counted.
  var eventGroup = SessionOptions.usualEventGroup

  /// The groups of SENECA's cores [Tang et al., Frontiers in Neuroscience 17:1187252].
  static let usualEventGroup = 8

  /// The most tokens that prefill can be made to take at a time: more gain nothing.
  static let largestBatch = 1024
}
