import CQuell

extension SessionStorage {
  /// Takes several tokens; the logits are those after the last. A failure leaves the session as it was.
  ///
  /// As many tokens as the session has lanes are worked on at a time: what depends on the token before runs token by token, all
  /// else runs once over all of them, so that a row of weights that is read serves every token for which its input fired. Every
  /// number is, bit by bit, that of one step after the other.
  mutating func prefill(_ tokens: UnsafeBufferPointer<UInt32>) throws(Failure) {
    for index in 0..<tokens.count where tokens[index] >= model.pointee.vocabularySize {
      throw Failure(QUELL_TOKEN_OUT_OF_RANGE, "token ").then(Int(clamping: tokens[index])).then(", number ").then(index)
        .then(" of the array, is not below the vocabulary size ").then(model.pointee.vocabularySize)
    }
    guard tokens.count <= capacity - position else {
      throw Failure(QUELL_CONTEXT_FULL, "").then(tokens.count).then(" tokens are more than the context of ").then(capacity)
        .then(" positions has room for after ").then(position)
    }
    var first = 0
    while first < tokens.count {
      let end = min(first + lanes.count, tokens.count)
      if end - first == 1 {
        try step(tokens[first])
      } else {
        take(UnsafeBufferPointer(rebasing: tokens[first..<end]), isLast: end == tokens.count)
      }
      first = end
    }
  }

  /// Makes a lane the one that is worked on.
  mutating func select(_ number: Int) { lane = lanes.baseAddress! + number }

  /// Takes at most as many tokens as there are lanes; the last of all leaves the logits.
  private mutating func take(_ tokens: UnsafeBufferPointer<UInt32>, isLast: Bool) {
    let before = position
    var index = 0
    while index < recurrence.used {
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
    if isLast {
      select(0)
      position = before + tokens.count - 1
      while index < model.pointee.operations.count { index = execute(at: index, token: Int(tokens[tokens.count - 1])) }
    }
    position = before
    countTokens(tokens.count, withLogits: isLast)
    position = before + tokens.count
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
      // The last one has the lane in which a step works, so that logits are always in the same place.
      select(tokens.count - 1 - number)
      position = before + number
      body(&self, Int(tokens[number]))
    }
  }
}
