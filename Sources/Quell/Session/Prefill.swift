import CQuell

extension SessionStorage {
  /// Takes several tokens; the logits are those after the last. A failure leaves the session as it was.
  ///
  /// As many tokens as the session has lanes are worked on at a time: what depends on the token before runs token by token, all
  /// else runs once over all of them, so that a row of weights that is read serves every token for which its input fired. Every
  /// number is, bit by bit, that of one step after the other.
  mutating func prefill(_ tokens: UnsafeBufferPointer<UInt32>) throws(Failure) {
    try check(tokens)
    var first = 0
    while first < tokens.count {
      let end = min(first + tokensAtATime, tokens.count)
      if end - first == 1 {
        try step(tokens[first])
      } else {
        try checkCancellation()
        take(UnsafeBufferPointer(rebasing: tokens[first..<end]), makesLogits: false)
        if end == tokens.count { makeLogits(after: tokens[tokens.count - 1]) }
      }
      first = end
    }
  }

  /// Refuses tokens that the model does not know, and more than there is room for.
  func check(_ tokens: UnsafeBufferPointer<UInt32>) throws(Failure) {
    for index in 0..<tokens.count where tokens[index] >= model.pointee.vocabularySize { throw outOfRange(tokens, index) }
    guard tokens.count <= capacity - position else {
      throw Failure(QUELL_CONTEXT_FULL, "").then(tokens.count).then(" tokens are more than the context of ").then(capacity)
        .then(" positions has room for after ").then(position)
    }
  }

  func outOfRange(_ tokens: UnsafeBufferPointer<UInt32>, _ index: Int) -> Failure {
    Failure(QUELL_TOKEN_OUT_OF_RANGE, "token ").then(Int(clamping: tokens[index])).then(", number ").then(index)
      .then(" of the array, is not below the vocabulary size ").then(model.pointee.vocabularySize)
  }

  /// How many tokens are worked on at a time. Thresholds that adapt change with every token.
  var tokensAtATime: Int { adaptation == nil ? lanes.count : 1 }

  /// Makes a lane the one that is worked on.
  mutating func select(_ number: Int) { lane = lanes.baseAddress! + number }

  /// Makes the lane of a token the one that is worked on. The last token has the lane in which a step works, so that logits are
  /// always in the same place.
  mutating func selectLane(ofToken number: Int, among count: Int) { select(count - 1 - number) }

  /// Takes at least two and at most as many tokens as there are lanes; makes the logits after each of them, or after none.
  mutating func take(_ tokens: UnsafeBufferPointer<UInt32>, makesLogits: Bool) {
    let before = position
    var index = 0
    let last = makesLogits ? model.pointee.operations.count : recurrence.used
    while index < last {
      let end = Int(recurrence.ends[index])
      if end > 0 {
        forEachToken(tokens, after: before) { session, token in
          var member = index
          while member < end { member = session.execute(at: member, token: token) }
        }
        index = end
      } else {
        index = executeTogether(at: index, tokens, after: before)
      }
    }
    position = before
    countTokens(tokens.count, logits: makesLogits ? tokens.count : 0)
    position = before + tokens.count
  }

  /// Makes the logits after a token whose states have been made.
  private mutating func makeLogits(after token: UInt32) {
    select(0)
    position -= 1
    var index = recurrence.used
    while index < model.pointee.operations.count { index = execute(at: index, token: Int(token)) }
    logitsCount += 1
    position += 1
  }

  /// Executes an operation for all tokens, or the chain that it begins, and returns the place of the next one.
  mutating func executeTogether(at index: Int, _ tokens: UnsafeBufferPointer<UInt32>, after before: Int) -> Int {
    if case .linear(let matrix, let layout, let bias, let scale, let result) = model.pointee.operations[index] {
      let lanes = UnsafeMutableBufferPointer(rebasing: lanes[..<tokens.count])
      linearParts(matrix, layout, bias: bias, scale: scale, result: result, lanes, single: nil).run(workers)
      return index + 1
    }
    var next = index + 1
    forEachToken(tokens, after: before) { session, token in next = session.execute(at: index, token: token) }
    return next
  }

  /// Does something for each of some tokens, whose lanes take turns to be the one that is worked on.
  @inline(__always)
  mutating func forEachToken(
    _ tokens: UnsafeBufferPointer<UInt32>, after before: Int, _ body: (inout SessionStorage, Int) -> Void
  ) {
    for number in 0..<tokens.count {
      selectLane(ofToken: number, among: tokens.count)
      position = before + number
      body(&self, Int(tokens[number]))
    }
  }
}
