import Quell

/// Which operations of a program must come before which: a reader after the writer of what it reads, and a writer after all
/// that read or wrote what was there before.
struct Dependencies {
  /// For every operation, earlier ones that it must follow. What follows from them is left out where that is cheap.
  private(set) var before: [[Int]] = []

  private struct Access {
    var operation: Int
    var range: Range<Int>
    var isWrite: Bool
  }

  private var accesses: [Program.Storage: [Access]] = [:]

  init(_ program: Program) {
    for (index, operation) in program.operations.enumerated() {
      before.append([])
      let written = operation.writes.flatMap { program.extent($0) }
      for extent in operation.reads.compactMap({ program.extent($0) }) where extent != written {
        find(Access(operation: index, range: extent.range, isWrite: false), in: extent.storage)
      }
      if let written { find(Access(operation: index, range: written.range, isWrite: true), in: written.storage) }
    }
  }

  private mutating func find(_ access: Access, in storage: Program.Storage) {
    for other in accesses[storage, default: []].reversed() where other.isWrite || access.isWrite {
      guard other.range.overlaps(access.range), other.operation != access.operation else { continue }
      before[access.operation].append(other.operation)
      // Whoever was there before a writer of all of it comes before that writer already.
      if other.isWrite, other.range.clamped(to: access.range) == access.range { break }
    }
    accesses[storage, default: []].append(access)
  }
}

extension Program {
  /// Memory that places are parts of.
  enum Storage: Hashable {
    case state
    case buffer(Int)
  }

  /// The part of memory that a value is.
  struct Extent: Hashable {
    var storage: Storage
    var range: Range<Int>

    func overlaps(_ other: Extent) -> Bool { storage == other.storage && range.overlaps(other.range) }

    /// Whether both are the same numbers, or have none in common.
    func isSameOrApart(from other: Extent) -> Bool { self == other || !overlaps(other) }
  }

  /// The part of memory that a value is; nil for stored ones, which never change.
  func extent(_ value: Int) -> Extent? {
    switch values[value] {
    case .weight: nil
    case .state(let offset, let count): Extent(storage: .state, range: offset..<(offset + count))
    case .buffer(let buffer, let start, let count): Extent(storage: .buffer(buffer), range: start..<(start + count))
    }
  }
}
