/// Finds positions in a list by a hash of what stands there: open addressing in memory of the caller's.
///
/// The list itself is kept elsewhere. A third of the slots stay empty, so that a search ends soon; a list made to collide is refused
/// rather than searched slowly.
struct HashIndex {
  static let empty = UInt32.max
  static let maximumProbes = 4096

  private let slots: UnsafeMutableBufferPointer<UInt32>

  /// How many slots a list of `count` elements needs.
  static func slotCount(for count: Int) -> Int { max(count + count / 2, 8) }

  /// An empty index over ``slotCount(for:)`` slots.
  init(_ slots: UnsafeMutableBufferPointer<UInt32>) {
    slots.initialize(repeating: HashIndex.empty)
    self.slots = slots
  }

  /// The position that `matches`, of all those stored under the hash, or nil.
  func find(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int? {
    var slot = first(hash)
    // Nothing is stored further from where it belongs, however long the stretch of slots that are taken.
    for _ in 0..<HashIndex.maximumProbes {
      guard slots[slot] != HashIndex.empty else { return nil }
      if matches(Int(slots[slot])) { return Int(slots[slot]) }
      slot = next(slot)
    }
    return nil
  }

  /// Stores a position under a hash; false where too many others are in the way.
  mutating func insert(_ position: Int, _ hash: UInt64) -> Bool {
    var slot = first(hash)
    for _ in 0..<HashIndex.maximumProbes {
      if slots[slot] == HashIndex.empty {
        slots[slot] = UInt32(position)
        return true
      }
      slot = next(slot)
    }
    return false
  }

  /// Where a hash belongs: its upper half, as a fraction of all slots.
  private func first(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: ((hash >> 32) &* UInt64(slots.count)) >> 32) }

  private func next(_ slot: Int) -> Int { slot + 1 < slots.count ? slot + 1 : 0 }

  /// Spreads the bits of a number over all bits of the result (the finalizer of MurmurHash3).
  static func mix(_ number: UInt64) -> UInt64 {
    var hash = number
    hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ (hash >> 33)
  }
}

/// The hash of a run of bytes, taken byte by byte, its bits spread for the index.
struct ByteHash {
  private var hash = FNVHash()

  mutating func combine(_ byte: UInt8) { hash.combine(byte) }

  var value: UInt64 { HashIndex.mix(hash.value) }
}
