import CQuell

/// Refuses a list in which a name stands twice: what is addressed by its name must be one thing.
enum UniqueNames {
  /// Bytes of memory that looking at a list of `count` names takes.
  static func requiredBytes(for count: Int) -> Int { HashIndex.slotCount(for: count) * MemoryLayout<UInt32>.stride }

  /// Looks at all names of a list, in memory of ``requiredBytes(for:)``; the names are parts of `file`. The cost is linear in their length.
  @inline(never)
  static func verify(
    _ what: StaticString, _ count: Int, of file: UnsafeRawBufferPointer, in memory: UnsafeMutableRawBufferPointer,
    _ name: (Int) -> UnsafeRawBufferPointer
  ) throws(Failure) {
    guard count > 1 else { return }
    let slots = UnsafeMutableRawBufferPointer(rebasing: memory[..<requiredBytes(for: count)]).bindMemory(to: UInt32.self)
    var index = HashIndex(slots)
    for position in 0..<count {
      let text = name(position)
      var hash = ByteHash()
      for byte in text { hash.combine(byte) }
      if let earlier = index.find(hash.value, { name($0).elementsEqual(text) }) {
        throw Failure(QUELL_MALFORMED, what).then(earlier).then(" and ").then(position).then(" have the same name '").then(text).then("'")
          .at(text.baseAddress! - file.baseAddress!)
      }
      guard index.insert(position, hash.value) else { throw Failure(QUELL_UNSUPPORTED, "names collide: ").then(what) }
    }
  }
}
