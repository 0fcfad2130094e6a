/// Merges the bytes of one word into tokens: the pair of neighbours with the best rank first, the leftmost of equals.
///
/// The word is a linked list of symbols, and the pairs that can merge wait in a heap, so that the cost of n bytes is n log n. A pair
/// that has changed since is recognised when its turn comes.
struct WordMerger {
  private static let bytesPerSymbol = 3 * MemoryLayout<UInt32>.stride + 2 * MemoryLayout<UInt64>.stride
  private static let none = UInt32.max

  /// How much scratch memory, of any alignment, a word of a number of symbols needs.
  static func requiredBytes(symbols: Int) -> Int {
    let (bytes, tooMany) = symbols.multipliedReportingOverflow(by: bytesPerSymbol)
    return tooMany ? Int.max : bytes + MemoryLayout<UInt64>.alignment - 1
  }

  private let merges: MergeTable
  /// Rank and place of the left symbol, packed so that they compare as one number: a binary heap, the least first.
  ///
  /// It never holds more than two entries a symbol: one for each pair of the word, and a merge takes one out and puts two in.
  private let heap: UnsafeMutableBufferPointer<UInt64>
  private var heapCount = 0
  /// The token of each symbol; ``none`` where a symbol has become part of its left neighbour.
  private let tokens: UnsafeMutableBufferPointer<UInt32>
  private let previous: UnsafeMutableBufferPointer<UInt32>
  private let next: UnsafeMutableBufferPointer<UInt32>
  private let capacity: Int
  private var count = 0
  private var isTooLong = false

  /// A merger of words as long as the scratch memory permits.
  init(_ merges: MergeTable, scratch: UnsafeMutableRawBufferPointer) {
    self.merges = merges
    let slack = MemoryLayout<UInt64>.alignment - 1
    capacity = min(max(scratch.count - slack, 0) / WordMerger.bytesPerSymbol, Int(Int32.max))
    func list<Element>(_ type: Element.Type, _ count: Int, at offset: Int) -> UnsafeMutableBufferPointer<Element> {
      guard count > 0, let base = scratch.baseAddress else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
      let start = base.alignedUp(toMultipleOf: slack + 1) + offset
      return UnsafeMutableBufferPointer(start: start.bindMemory(to: type, capacity: count), count: count)
    }
    heap = list(UInt64.self, 2 * capacity, at: 0)
    tokens = list(UInt32.self, capacity, at: 16 * capacity)
    previous = list(UInt32.self, capacity, at: 20 * capacity)
    next = list(UInt32.self, capacity, at: 24 * capacity)
  }

  /// Adds a symbol to the end of the word.
  mutating func append(_ token: UInt32) {
    guard count < capacity else {
      isTooLong = true
      return
    }
    tokens[count] = token
    previous[count] = count == 0 ? WordMerger.none : UInt32(count - 1)
    next[count] = UInt32(count + 1)
    count += 1
  }

  /// Merges the word, writes its tokens from left to right, and is empty again; false where the word was too long.
  mutating func finish(into writer: inout TokenWriter) -> Bool {
    guard !isTooLong else { return false }
    guard count > 0 else { return true }
    next[count - 1] = WordMerger.none
    for place in 0..<count { push(pairAt: UInt32(place)) }
    while let entry = pop() { merge(rank: Int(entry >> 32), at: UInt32(truncatingIfNeeded: entry)) }
    var place: UInt32 = 0
    while place != WordMerger.none {
      writer.append(tokens[Int(place)])
      place = next[Int(place)]
    }
    count = 0
    return true
  }

  private mutating func merge(rank: Int, at place: UInt32) {
    guard self.rank(ofPairAt: place) == rank else { return }
    let right = next[Int(place)]
    let after = next[Int(right)]
    tokens[Int(place)] = merges.result(ofRank: rank)
    tokens[Int(right)] = WordMerger.none
    next[Int(place)] = after
    if after != WordMerger.none { previous[Int(after)] = place }
    if previous[Int(place)] != WordMerger.none { push(pairAt: previous[Int(place)]) }
    push(pairAt: place)
  }

  /// The rank of a symbol and its right neighbour, or nil where they do not merge.
  private func rank(ofPairAt place: UInt32) -> Int? {
    let left = tokens[Int(place)]
    let right = next[Int(place)]
    guard left != WordMerger.none, right != WordMerger.none else { return nil }
    return merges.rank(left, tokens[Int(right)])
  }

  // MARK: Heap

  private mutating func push(pairAt place: UInt32) {
    guard let rank = rank(ofPairAt: place) else { return }
    let entry = UInt64(rank) << 32 | UInt64(place)
    var child = heapCount
    heapCount += 1
    while child > 0, entry < heap[(child - 1) / 2] {
      heap[child] = heap[(child - 1) / 2]
      child = (child - 1) / 2
    }
    heap[child] = entry
  }

  private mutating func pop() -> UInt64? {
    guard heapCount > 0 else { return nil }
    let least = heap[0]
    heapCount -= 1
    let entry = heap[heapCount]
    var root = 0
    while 2 * root + 1 < heapCount {
      var child = 2 * root + 1
      if child + 1 < heapCount, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < entry else { break }
      heap[root] = heap[child]
      root = child
    }
    heap[root] = entry
    return least
  }
}
