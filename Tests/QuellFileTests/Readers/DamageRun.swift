import Foundation

/// Files that are right, damaged in every small way and in many that are not, and used.
struct DamageRun {
  /// What damage has done.
  private(set) var accepted = 0
  private(set) var refused = 0

  /// Damages the files of a kind that are right, with so many random changes of each.
  init(_ kind: HostFile, changes: Int) throws {
    let reader = try HostFileReader()
    for (name, bytes) in try KeptInputs.all(kind) where name.hasPrefix("right-") {
      guard try reader.use(bytes, as: kind) else { throw Violation("\(name) is refused as it is") }
      var damage = Damage(bytes, seed: 1)
      try damage.forEachTruncation { try use($0, name, kind, reader) }
      try damage.forEachFlip { try use($0, name, kind, reader) }
      try damage.forEachChange(changes) { try use($0, name, kind, reader) }
    }
  }

  private mutating func use(_ bytes: [UInt8], _ name: String, _ kind: HostFile, _ reader: HostFileReader) throws {
    do {
      if try reader.use(bytes, as: kind) { accepted += 1 } else { refused += 1 }
    } catch {
      let kept = FileManager.default.temporaryDirectory.appendingPathComponent("quell-damage-\(kind)")
      try Data(bytes).write(to: kept)
      throw Violation("\(name), damaged as in \(kept.path): \(error)")
    }
  }
}
