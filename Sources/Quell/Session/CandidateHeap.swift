/// Partial sorting of candidates in place, without a heap of the other kind.
enum CandidateHeap {
  /// Brings the `count` likeliest candidates to the front, likeliest first; of equals the lower token comes first.
  ///
  /// Builds a heap of all and takes `count` from it: O(n + count log n).
  @_optimize(speed)
  static func moveLikeliest(_ count: Int, toFrontOf candidates: UnsafeMutableBufferPointer<Candidate>) {
    // The heap's root stands at the end of the buffer, so that what is taken off it can be put at the front.
    let n = candidates.count
    for index in stride(from: n / 2 - 1, through: 0, by: -1) { sink(index, candidates, size: n) }
    for taken in 0..<count {
      let size = n - taken
      // The root goes to the front; the front's old candidate, the last leaf of the mirrored heap, becomes the root.
      candidates.swapAt(n - 1, taken)
      sink(0, candidates, size: size - 1)
    }
  }

  @_optimize(speed)
  private static func sink(_ start: Int, _ candidates: UnsafeMutableBufferPointer<Candidate>, size: Int) {
    let last = candidates.count - 1
    var parent = start
    while true {
      var likeliest = parent
      for child in (2 * parent + 1)...(2 * parent + 2) where child < size {
        if isLikelier(candidates[last - child], candidates[last - likeliest]) { likeliest = child }
      }
      guard likeliest != parent else { return }
      candidates.swapAt(last - parent, last - likeliest)
      parent = likeliest
    }
  }

  private static func isLikelier(_ left: Candidate, _ right: Candidate) -> Bool {
    left.weight != right.weight ? left.weight > right.weight : left.token < right.token
  }
}
