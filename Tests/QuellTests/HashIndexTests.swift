import Testing

@testable import Quell

@Suite struct HashIndexTests {
  /// A stretch of slots that are all taken, however long, is not searched to its end.
  @Test func searchesEndWhereNothingCanBeStored() {
    let count = 3 * HashIndex.maximumProbes
    let slots = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: HashIndex.slotCount(for: count))
    defer { slots.deallocate() }
    var index = HashIndex(slots)
    /// A hash that belongs to a slot.
    func hash(_ slot: Int) -> UInt64 { (UInt64(slot) << 32 / UInt64(slots.count) + 1) << 32 }
    for position in 0..<count {
      let isStored = index.insert(position, hash(position))
      #expect(isStored)
    }
    for position in [0, 1, count - 1] { #expect(index.find(hash(position)) { $0 == position } == position) }
    var looks = 0
    let found = index.find(hash(0)) { _ in
      looks += 1
      return false
    }
    #expect(found == nil)
    #expect(looks == HashIndex.maximumProbes)
    // A place that is further away than is looked is none.
    let isStored = index.insert(count, hash(0))
    #expect(!isStored)
  }
}
