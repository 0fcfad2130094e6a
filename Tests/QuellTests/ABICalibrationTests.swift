import CQuell
import Testing

@testable import Quell

private let tokens: [UInt32] = [3, 0, 10, 7, 7, 1, 2]

@Suite struct ABICalibrationTests {
  private func thresholds(_ session: CSession) -> [Float] {
    (0..<4).map { site in
      var threshold: Float = -1
      #expect(quell_session_get_threshold(session.handle, UInt32(site), &threshold, nil) == QUELL_OK)
      return threshold
    }
  }

  private func run(_ session: CSession) {
    for token in tokens { session.step(token) }
    quell_session_reset(session.handle)
  }

  @Test func thresholdsAreThoseOfTheSwiftClass() throws {
    let model = CModel()
    let session = CSession(model)
    #expect(quell_session_set_threshold(session.handle, 0, 7, nil) == QUELL_OK)
    #expect(Outcome { quell_session_begin_calibration(session.handle, nil, 0, $0) }.status == QUELL_OK)
    #expect(thresholds(session) == [0, 0, 0, 0])
    run(session)
    // Counters and statistics have nothing to do with each other.
    quell_session_reset_counts(session.handle)
    var quantile = -1.0
    #expect(Outcome { quell_session_calibrate(session.handle, 0.6, &quantile, $0) }.status == QUELL_OK)

    let (hostModel, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let host = try Session(hostModel)
    for site in 0..<4 { try host.setThreshold(0, site: site) }
    _ = host.collectStatistics()
    for token in tokens { try host.step(token) }
    #expect(try host.setThresholds(sparsity: 0.6) == quantile)
    #expect(thresholds(session) == host.thresholds)
    #expect(thresholds(session)[0] > 0 && thresholds(session)[3] == 0)

    // It can be asked for less, and the head is always left alone.
    let first = thresholds(session)
    #expect(quell_session_calibrate(session.handle, 0.3, nil, nil) == QUELL_OK)
    #expect(thresholds(session)[0] < first[0])
    quell_session_end_calibration(session.handle)
    #expect(Outcome { quell_session_calibrate(session.handle, 0.3, nil, $0) }.status == QUELL_INVALID_ARGUMENT)
    #expect(thresholds(session)[0] < first[0])
  }

  @Test func memoryOfTheCallerSIsCheckedAndKeptTo() throws {
    let model = CModel()
    let session = CSession(model)
    let size = quell_model_calibration_size(model.handle)
    #expect(size == 4 * 130_564)
    #expect(quell_model_calibration_size(nil) == 0)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + 64, alignment: 64)
    defer { memory.deallocate() }
    for index in memory.indices { memory[index] = 0xa5 }
    let start = memory.baseAddress!
    #expect(Outcome { quell_session_begin_calibration(session.handle, start, size - 1, $0) }.message.contains("\(size)"))
    #expect(quell_session_begin_calibration(session.handle, start + 4, size, nil) == QUELL_INVALID_ARGUMENT)
    #expect(quell_session_begin_calibration(session.handle, nil, size, nil) == QUELL_INVALID_ARGUMENT)
    #expect(quell_session_begin_calibration(nil, nil, 0, nil) == QUELL_INVALID_ARGUMENT)
    #expect(quell_session_begin_calibration(session.handle, start, size, nil) == QUELL_OK)
    let empty = Outcome { quell_session_calibrate(session.handle, 0.5, nil, $0) }
    #expect(empty.status == QUELL_INVALID_ARGUMENT && empty.message.contains("statistics"))
    run(session)
    for sparsity in [-0.1, 1.5, Double.nan] {
      #expect(quell_session_calibrate(session.handle, sparsity, nil, nil) == QUELL_INVALID_ARGUMENT)
    }
    #expect(quell_session_calibrate(session.handle, 0.5, nil, nil) == QUELL_OK)
    let inGivenMemory = thresholds(session)
    #expect(memory[Int(size)...].allSatisfy { $0 == 0xa5 })
    // Begun anew, what was seen before is forgotten.
    #expect(quell_session_begin_calibration(session.handle, nil, 0, nil) == QUELL_OK)
    #expect(quell_session_calibrate(session.handle, 0.5, nil, nil) == QUELL_INVALID_ARGUMENT)
    run(session)
    #expect(quell_session_calibrate(session.handle, 0.5, nil, nil) == QUELL_OK)
    #expect(thresholds(session) == inGivenMemory)
  }
}
