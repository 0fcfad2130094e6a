/// The 64-bit hash of Fowler, Noll and Vo, variant 1a (IETF draft-eastlake-fnv): small, and the same on every machine. It tells
/// accidents apart, not attacks.
package struct FNVHash {
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The hash of nothing.
  package init() {}

  /// A hash that goes on from an earlier one's value.
  init(after value: UInt64) { self.value = value }

  /// Takes one byte or word as a unit.
  @inline(__always)
  package mutating func combine<Unit: FixedWidthInteger & UnsignedInteger>(_ unit: Unit) {
    value = (value ^ UInt64(truncatingIfNeeded: unit)) &* 0x100_0000_01b3
  }
}
