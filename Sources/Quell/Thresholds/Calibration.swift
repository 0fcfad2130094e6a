import CQuell

extension SessionStorage {
  /// Sets all thresholds to 0 and counts magnitudes from now on, in memory of the session's own.
  mutating func beginCalibration() throws(Failure) {
    let size = ActivationStatistics.byteCount(sites: thresholds.count)
    guard let block = quell_platform_allocate(size, Arena.alignment) else {
      throw Failure(QUELL_OUT_OF_MEMORY, "no memory for the statistics of a calibration, bytes: ").then(size)
    }
    endCalibration()
    ownedStatistics = block
    count(in: UnsafeMutableRawBufferPointer(start: block, count: size))
  }

  /// The same in memory of the caller's.
  mutating func beginCalibration(in memory: UnsafeMutableRawBufferPointer) throws(Failure) {
    let size = ActivationStatistics.byteCount(sites: thresholds.count)
    guard let base = memory.baseAddress, Int(bitPattern: base) % Arena.alignment == 0 else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the memory for statistics is null or its address not a multiple of 64")
    }
    guard memory.count >= size else {
      throw Failure(QUELL_BUFFER_TOO_SMALL, "the memory for statistics is too small; bytes needed: ").then(size)
    }
    endCalibration()
    count(in: memory)
  }

  /// Counts no more. Thresholds stay.
  mutating func endCalibration() {
    statistics = nil
    quell_platform_free(ownedStatistics)
    ownedStatistics = nil
  }

  private mutating func count(in memory: UnsafeMutableRawBufferPointer) {
    let counters = ActivationStatistics.counterCount(sites: thresholds.count)
    let room = UnsafeMutableBufferPointer(start: memory.bindMemory(to: UInt32.self).baseAddress!, count: counters)
    room.initialize(repeating: 0)
    thresholds.update(repeating: 0)
    statistics = ActivationStatistics(room, sites: thresholds.count)
  }
}
