import CQuell

/// Hands out pieces of one block of memory, front to back.
///
/// An arena without memory only counts: the same code that lays a thing out then tells how much memory it needs.
struct Arena {
  /// Every piece begins at a multiple of this; it is a cache line.
  static let alignment = 64

  private let memory: UnsafeMutableRawBufferPointer?
  private(set) var used = 0
  /// Whether something did not get its room.
  private(set) var isShort = false
  private var overflowed = false

  /// An arena that counts.
  init() { memory = nil }

  /// An arena over memory whose address is a multiple of ``alignment``.
  init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  /// Room for `count` elements, uninitialised; nil while counting, and where the memory does not suffice.
  mutating func take<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutableBufferPointer<Element>? {
    guard count <= (Int.max - (Arena.alignment - 1) - used) / MemoryLayout<Element>.stride else {
      overflowed = true
      isShort = true
      return nil
    }
    let start = used
    let end = start + count * MemoryLayout<Element>.stride
    used = (end + Arena.alignment - 1) & ~(Arena.alignment - 1)
    guard let memory, end <= memory.count else {
      isShort = true
      return nil
    }
    return UnsafeMutableBufferPointer(
      start: (memory.baseAddress! + start).bindMemory(to: Element.self, capacity: count), count: count)
  }

  /// How much memory everything taken so far needs.
  func requiredBytes() throws(Failure) -> Int {
    guard !overflowed else { throw Failure(QUELL_OUT_OF_MEMORY, "the model asks for more memory than can be addressed") }
    return used
  }
}
