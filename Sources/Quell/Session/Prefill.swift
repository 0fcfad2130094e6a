import CQuell

extension SessionStorage {
  /// Takes several tokens, one after the other. A failure leaves the session as it was.
  mutating func prefill(_ tokens: UnsafeBufferPointer<UInt32>) throws(Failure) {
    for index in 0..<tokens.count where tokens[index] >= model.pointee.vocabularySize {
      throw Failure(QUELL_TOKEN_OUT_OF_RANGE, "token ").then(Int(clamping: tokens[index])).then(", number ").then(index)
        .then(" of the array, is not below the vocabulary size ").then(model.pointee.vocabularySize)
    }
    guard tokens.count <= capacity - position else {
      throw Failure(QUELL_CONTEXT_FULL, "").then(tokens.count).then(" tokens are more than the context of ").then(capacity)
        .then(" positions has room for after ").then(position)
    }
    for token in tokens { try step(token) }
  }
}
