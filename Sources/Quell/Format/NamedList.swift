import CQuell

/// A list in whose order the file names things.
enum NamedList {
  case tensors(UnsafeMutableBufferPointer<Tensor>)
  case sites(UnsafeMutableBufferPointer<Site>)

  /// How many names.
  var count: Int {
    switch self {
    case .tensors(let tensors): tensors.count
    case .sites(let sites): sites.count
    }
  }

  /// The name at a position, part of the file's bytes.
  func name(_ position: Int) -> UnsafeRawBufferPointer {
    switch self {
    case .tensors(let tensors): tensors[position].name
    case .sites(let sites): sites[position].name
    }
  }

  private var title: StaticString {
    switch self {
    case .tensors: "tensors "
    case .sites: "sites "
    }
  }

  /// Bytes of memory that looking for names takes.
  var requiredBytes: Int { HashIndex.slotCount(for: count) * MemoryLayout<UInt32>.stride }

  /// Refuses a list in which a name stands twice: what is addressed by its name must be one thing. Takes memory of ``requiredBytes`` for a
  /// while; the names are parts of `file`. The cost is linear in their length.
  @inline(never)
  func verifyNames(of file: UnsafeRawBufferPointer, in memory: UnsafeMutableRawBufferPointer) throws(Failure) {
    let slots = UnsafeMutableRawBufferPointer(rebasing: memory[..<requiredBytes]).bindMemory(to: UInt32.self)
    var index = HashIndex(slots)
    for position in 0..<count {
      let text = name(position)
      var hash = ByteHash()
      for byte in text { hash.combine(byte) }
      if let earlier = index.find(hash.value, { name($0).elementsEqual(text) }) {
        throw Failure(QUELL_MALFORMED, title).then(earlier).then(" and ").then(position).then(" have the same name '").then(text).then("'")
          .at(text.baseAddress! - file.baseAddress!)
      }
      guard index.insert(position, hash.value) else {
        throw Failure(QUELL_UNSUPPORTED, "the names of ").then(title).then("collide in their hash table")
      }
    }
  }
}
