/// How a session is made.
struct SessionOptions {
  /// The greatest number of positions; 0 asks for the model's own limit.
  var contextLength = 0
  var instructionSet = InstructionSet.automatic
}
