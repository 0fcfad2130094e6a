import RandomNumbers

/// Bytes with every small damage, and with random ones that are larger.
struct Damage {
  /// Numbers at the edges of types, as they stand in binary files.
  private static let edges: [UInt64] = [
    0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, .max >> 1, 1 << 63, .max,
  ]
  /// The same for text, and what JSON is made of.
  private static let words = [
    "0", "-1", "1e308", "1e-308", "-0", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e999", "null", "true",
    "[]", "{}", "\"\"", "\"\\u0000\"", "\"\\u001b\"", "\"\\ud800\"", ",", ":", "[", "]", "{", "}", "\"",
  ]

  let bytes: [UInt8]
  private var numbers: SplitMix

  init(_ bytes: [UInt8], seed: UInt64) {
    self.bytes = bytes
    numbers = SplitMix(state: seed)
  }

  /// Every length shorter than it has.
  func forEachTruncation(_ body: ([UInt8]) throws -> Void) rethrows {
    for length in bytes.indices { try body(Array(bytes[..<length])) }
  }

  /// Every bit the other way.
  func forEachFlip(_ body: ([UInt8]) throws -> Void) rethrows {
    var changed = bytes
    for place in 0..<8 * bytes.count {
      changed[place / 8] ^= 1 << (place % 8)
      try body(changed)
      changed[place / 8] ^= 1 << (place % 8)
    }
  }

  /// Up to eight places at a time with other numbers or words in them, some bytes taken out and some doubled.
  mutating func forEachChange(_ count: Int, _ body: ([UInt8]) throws -> Void) rethrows {
    for _ in 0..<count {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...8, using: &numbers) where !changed.isEmpty { change(&changed) }
      try body(changed)
    }
  }

  private mutating func change(_ changed: inout [UInt8]) {
    let place = Int.random(in: changed.indices, using: &numbers)
    let end = min(place + Int.random(in: 1...16, using: &numbers), changed.count)
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0: changed.removeSubrange(place..<end)
    case 1: changed.insert(contentsOf: changed[place..<end], at: place)
    case 2: changed.replaceSubrange(place..<end, with: Array(Damage.words.randomElement(using: &numbers)!.utf8))
    case 3:
      // A number of the text becomes another one.
      let digits = changed.indices[place...].prefix { changed[$0] >= UInt8(ascii: "0") && changed[$0] <= UInt8(ascii: "9") }
      changed.replaceSubrange(digits, with: Array(Damage.words.randomElement(using: &numbers)!.utf8))
    default:
      let number = Bool.random(using: &numbers) ? Damage.edges.randomElement(using: &numbers)! : numbers.next()
      for index in place..<min(place + 1 << Int.random(in: 0..<4, using: &numbers), changed.count) {
        changed[index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * (index - place)))
      }
    }
  }
}
