/// Tokens that look random and are the same on every run.
enum RandomTokens {
  static func make(_ count: Int, below limit: Int) -> [UInt32] {
    var state: UInt64 = 88_172_645_463_325_252
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt32((state >> 33) % UInt64(limit))
    }
  }
}
