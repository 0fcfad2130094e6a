import CQuell

extension SessionStorage {
  /// Takes several tokens and shows the logits after each of them, in order. A failure leaves the session as it was.
  ///
  /// As ``prefill(_:)``, but what makes logits is run for every token, once over as many as the session has lanes. Every number is, bit
  /// by bit, that of one step after the other.
  mutating func visitLogits(
    _ tokens: UnsafeBufferPointer<UInt32>, _ visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
  ) throws(Failure) {
    try check(tokens)
    var first = 0
    while first < tokens.count {
      let some = UnsafeBufferPointer(rebasing: tokens[first..<min(first + tokensAtATime, tokens.count)])
      if some.count == 1 {
        try step(some[0])
      } else {
        try checkCancellation()
        take(some, makesLogits: true)
      }
      for number in 0..<some.count {
        selectLane(ofToken: number, among: some.count)
        visit(first + number, logits)
      }
      first += some.count
    }
  }

  /// Takes several tokens, and tells of each how the model predicted the one that is to come after it, which need not be the next one
  /// that is taken. A failure leaves the session as it was.
  @_optimize(speed)
  mutating func score(
    _ tokens: UnsafeBufferPointer<UInt32>, targets: UnsafeBufferPointer<UInt32>,
    into scores: UnsafeMutableBufferPointer<quell_token_score>
  ) throws(Failure) {
    for index in 0..<targets.count where targets[index] >= model.pointee.vocabularySize { throw outOfRange(targets, index) }
    try visitLogits(tokens) { index, logits in
      var greatest = 0
      for token in 1..<max(logits.count, 1) where logits[token] > logits[greatest] { greatest = token }
      let logarithmOfSum = LogitSums.logarithmOfExponentials(logits, greatest: logits[greatest])
      scores[index] = quell_token_score(
        log_probability: logits[Int(targets[index])] - logarithmOfSum, greatest: UInt32(greatest))
    }
  }
}
