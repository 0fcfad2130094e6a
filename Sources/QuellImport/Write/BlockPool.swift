import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Memory for bytes on their way into a file: there is so much of it, and whoever asks for more waits until others have been
/// written.
final class BlockPool: Sendable {
  /// A piece of the memory, which goes back when nobody holds it any more.
  final class Block: @unchecked Sendable {
    /// As many bytes as were asked for.
    let bytes: UnsafeMutableRawBufferPointer
    private let memory: UnsafeMutableRawBufferPointer
    private let pool: BlockPool

    fileprivate init(_ memory: UnsafeMutableRawBufferPointer, count: Int, _ pool: BlockPool) {
      bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
      self.memory = memory
      self.pool = pool
    }

    deinit { pool.give(memory) }
  }

  private struct Store: @unchecked Sendable {
    var free: [UnsafeMutableRawBufferPointer] = []
    /// Bytes of all blocks, free or not.
    var held = 0
  }

  /// Blocks are multiples of this, so that they serve again for another matrix; and it is what room is counted in.
  private static let unit = 1 << 20
  private static let most = 160
  /// Blocks of this size and more are asked for in large pages: a matrix that is transposed is written to everywhere at once.
  private static let largePage = 2 << 20

  private let room = DispatchSemaphore(value: BlockPool.most)
  private let turn = Mutex(())
  private let store = Mutex(Store())

  deinit {
    for memory in store.withLock({ $0 }).free { memory.deallocate() }
  }

  /// A block of so many bytes, whatever they are.
  func take(_ count: Int) -> Block {
    let units = max((count + BlockPool.unit - 1) / BlockPool.unit, 1)
    // One at a time: two that wait with a part of their room each might wait for each other.
    turn.withLock { _ in for _ in 0..<room(for: units) { room.wait() } }
    let size = units * BlockPool.unit
    let memory = store.withLock { store -> UnsafeMutableRawBufferPointer in
      if let index = store.free.lastIndex(where: { $0.count == size }) { return store.free.remove(at: index) }
      while store.held + size > BlockPool.most * BlockPool.unit, let other = store.free.popLast() {
        store.held -= other.count
        other.deallocate()
      }
      store.held += size
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: size < BlockPool.largePage ? 64 : BlockPool.largePage)
      #if canImport(Glibc)
        if size >= BlockPool.largePage { madvise(memory.baseAddress, size, MADV_HUGEPAGE) }
      #endif
      return memory
    }
    return Block(memory, count: count, self)
  }

  private func give(_ memory: UnsafeMutableRawBufferPointer) {
    store.withLock { $0.free.append(memory) }
    for _ in 0..<room(for: memory.count / BlockPool.unit) { room.signal() }
  }

  /// What a block of so many units takes up: one that is larger than all there is has it all.
  private func room(for units: Int) -> Int { min(units, BlockPool.most) }
}
