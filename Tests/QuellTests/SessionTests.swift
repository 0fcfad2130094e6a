import CQuell
import Foundation
import Testing

@testable import Quell

/// A model from handmade bytes, which live as long as the test.
func openTiny(_ tiny: TinyModel = TinyModel()) throws -> (Model, AlignedBytes) {
  let bytes = AlignedBytes(tiny.file.build())
  return (try Model(bytes: UnsafeRawBufferPointer(bytes.bytes)), bytes)
}

private let tokens: [UInt32] = [3, 0, 10, 7, 7, 1, 2]

/// The greatest absolute difference of two rows of logits.
private func error(_ logits: UnsafeBufferPointer<Float>, _ reference: [Double]) -> Double {
  zip(logits, reference).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}

@Suite struct SessionTests {
  @Test(arguments: WeightFormat.allCases, InstructionSet.available)
  func logitsAreThoseOfTheFormulas(format: WeightFormat, instructionSet: InstructionSet) throws {
    let tiny = TinyModel(format: format)
    let (model, bytes) = try openTiny(tiny)
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model, instructionSet: instructionSet)
    for (token, expected) in zip(tokens, tiny.reference(tokens)) {
      try session.step(token)
      #expect(error(session.logits, expected) < 2e-5)
    }
  }

  @Test func anInstructionSetThatTheProcessorHasNotIsRefused() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    for set in InstructionSet.allCases where !set.isAvailable {
      let failure = try #require(throws: Failure.self) { try Session(model, instructionSet: set) }
      #expect(failure.status == quell_status(QUELL_UNSUPPORTED) && failure.description.contains("automatic"))
    }
    #expect(InstructionSet.available.contains(InstructionSet.automatic.resolved))
  }

  @Test func thresholdsSilenceWhatIsNotAboveThem() throws {
    let tiny = TinyModel()
    let (model, bytes) = try openTiny(tiny)
    defer { withExtendedLifetime(bytes) {} }
    let thresholds: [Float] = [0.5, 0.2, 0.4, 0.3]
    let session = try Session(model)
    for site in 0..<4 { try session.setThreshold(thresholds[site], site: site) }
    for (token, expected) in zip(tokens, tiny.reference(tokens, thresholds: thresholds)) {
      try session.step(token)
      #expect(error(session.logits, expected) < 2e-5)
    }
    #expect(error(session.logits, tiny.reference(tokens).last!) > 1e-2)
  }

  /// A machine that skips nothing: with this threshold every input is an event, exact zeros too.
  private let everything = Float(bitPattern: .max)

  @Test(arguments: WeightFormat.allCases, InstructionSet.available)
  func withThresholdsAtZeroEveryBitIsTheDenseModels(format: WeightFormat, instructionSet: InstructionSet) throws {
    let (model, bytes) = try openTiny(TinyModel(format: format))
    defer { withExtendedLifetime(bytes) {} }
    let sparse = try Session(model, instructionSet: instructionSet)
    let dense = try Session(model, instructionSet: instructionSet)
    dense.storage.pointee.thresholds.update(repeating: everything)
    for token in tokens {
      try sparse.step(token)
      try dense.step(token)
      #expect(sparse.logits.map(\.bitPattern) == dense.logits.map(\.bitPattern))
    }
    #expect(dense.counts.effectiveMACs == dense.counts.denseMACs)
    #expect(sparse.counts.effectiveMACs < dense.counts.effectiveMACs)
  }

  @Test func countsAreEventsTimesOutputs() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    try session.setThreshold(1e9, site: 0)
    for token in tokens { try session.step(token) }
    let counts = session.counts
    let (d, h) = (UInt64(TinyModel.width), UInt64(TinyModel.hidden))
    let steps = UInt64(tokens.count)
    #expect(counts.tokens == steps)
    #expect(counts.denseMACs == steps * (d * h + h * d + 3 * d * d))
    #expect(counts.headDenseMACs == steps * d * UInt64(TinyModel.vocabulary))
    #expect(counts.headEffectiveMACs == counts.headDenseMACs)
    let events = session.eventCounts
    #expect(events[0] == 0)
    #expect(events[2] == steps * d)
    #expect(events[1] > 0 && events[1] < steps * h)
    #expect(counts.effectiveMACs == events[1] * d + events[2] * 3 * d)
    session.resetCounts()
    #expect(session.counts == OperationCounts())
  }

  @Test func aResetSessionIsAFreshOne() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    try session.step(4)
    let first = Array(session.logits)
    try session.step(5)
    session.reset()
    try session.step(4)
    #expect(Array(session.logits) == first)
  }

  @Test func aRestoredStateGoesOnAsIfNothingHadHappened() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let whole = try Session(model)
    let part = try Session(model)
    for (index, token) in tokens.enumerated() {
      let saved = try whole.save()
      try whole.step(token)
      let other = try Session(model)
      try other.restore(saved)
      #expect(other.position == index)
      try other.step(token)
      #expect(Array(other.logits) == Array(whole.logits))
      try part.restore(saved)
      try part.step(token)
      #expect(Array(part.logits) == Array(whole.logits))
    }
  }

  @Test func damagedAndForeignStatesAreRefused() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    try session.step(1)
    let saved = try session.save()
    try session.step(2)
    let before = Array(session.logits)
    for index in saved.indices {
      var damaged = saved
      damaged[index] ^= 0x10
      #expect(throws: Failure.self) { try session.restore(damaged) }
    }
    for length in 0..<saved.count {
      #expect(throws: Failure.self) { try session.restore(Array(saved[..<length])) }
    }
    #expect(throws: Failure.self) { try session.restore(saved + [0]) }
    #expect(session.position == 2)
    #expect(Array(session.logits) == before)
    var other = TinyModel()
    other.file["quell.operations"] = .uint32s(otherProgram(other))
    let (foreign, foreignBytes) = try openTiny(other)
    defer { withExtendedLifetime(foreignBytes) {} }
    let failure = try #require(throws: Failure.self) { try Session(foreign).restore(saved) }
    #expect(failure.status == quell_status(QUELL_STATE_MISMATCH))
  }

  /// The tiny program with another epsilon.
  private func otherProgram(_ tiny: TinyModel) -> [UInt32] {
    guard case .uint32s(var words)? = tiny.file["quell.operations"] else { return [] }
    words[3 * 8 + 5] = Float(1e-6).bitPattern
    return words
  }

  @Test func tokensAndPositionsAreChecked() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    let wrong = try #require(throws: Failure.self) { try session.step(UInt32(TinyModel.vocabulary)) }
    #expect(wrong.status == quell_status(QUELL_TOKEN_OUT_OF_RANGE))
    #expect(session.position == 0)
    for _ in 0..<TinyModel.context { try session.step(0) }
    let full = try #require(throws: Failure.self) { try session.step(0) }
    #expect(full.status == quell_status(QUELL_CONTEXT_FULL))
    #expect(throws: Failure.self) { try Session(model, contextLength: TinyModel.context + 1) }
    #expect(throws: Failure.self) { try Session(model, contextLength: -1) }
    for threshold in [Float.nan, .infinity, -1] {
      #expect(throws: Failure.self) { try session.setThreshold(threshold, site: 0) }
    }
    for site in [-1, 4] { #expect(throws: Failure.self) { try session.setThreshold(0, site: site) } }
  }

  @Test func aSessionKeepsItsModel() throws {
    let bytes = AlignedBytes(TinyModel().file.build())
    defer { withExtendedLifetime(bytes) {} }
    var model: UnsafeMutablePointer<ModelStorage>? = try ModelStorage.open(UnsafeRawBufferPointer(bytes.bytes))
    let session = try SessionStorage.open(model!, SessionOptions())
    ModelStorage.release(model!)
    model = nil
    try session.pointee.step(3)
    let finite = session.pointee.logits.filter(\.isFinite)
    #expect(finite.count == TinyModel.vocabulary)
    SessionStorage.close(session)
  }

  @Test func aSessionFitsExactlyIntoTheMemoryItAsksFor() throws {
    let (model, bytes) = try openTiny()
    defer { withExtendedLifetime(bytes) {} }
    let size = try SessionStorage.requiredBytes(model.storage, SessionOptions(contextLength: 5))
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 64, alignment: 64)
    defer { memory.deallocate() }
    func open(_ offset: Int, _ count: Int) throws {
      let piece = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + count])
      let session = try SessionStorage.open(model.storage, SessionOptions(contextLength: 5), in: piece)
      try session.pointee.step(1)
      SessionStorage.close(session)
    }
    // The last piece's padding is not needed.
    for missing in stride(from: 64, through: size, by: 64) {
      #expect(throws: Failure.self) { try open(0, size - missing) }
    }
    #expect(throws: Failure.self) { try open(4, size) }
    try open(0, size)
    try open(64, size)
  }
}
