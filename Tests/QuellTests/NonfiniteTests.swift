import CQuell
import Testing

@testable import Quell

/// Weights and activations that are no numbers, infinite, or too small to be normal: docs/PORTABILITY.md says what becomes of them.
@Suite struct NonfiniteTests {
  private let tokens: [UInt32] = [4, 0, 7, 10, 3]

  /// The tiny model with a number in the place of one of its weights, or of all of a tensor.
  private func damaged(_ name: String, at index: Int? = nil, _ number: Float) throws -> (Model, AlignedBytes) {
    var tiny = TinyModel()
    var numbers = tiny.weights[name]!
    for place in numbers.indices where index == nil || index == place { numbers[place] = number }
    let place = tiny.file.tensors.firstIndex { $0.name == name }!
    tiny.file.tensors[place] = .f32(name, tiny.file.tensors[place].dimensions.map { Int($0) }, numbers)
    return try openTiny(tiny)
  }

  private func expectDamaged(_ session: Session, _ what: String, _ location: SourceLocation = #_sourceLocation) throws {
    #expect(session.logits.contains { !$0.isFinite }, "\(what) is gone", sourceLocation: location)
    var sampler = try Sampler(SamplingOptions())
    let failure = #expect(throws: Failure.self, sourceLocation: location) { try session.sample(&sampler) }
    #expect(failure?.status == quell_status(QUELL_MALFORMED), sourceLocation: location)
  }

  /// However high the thresholds are, what is not a number is not quiet.
  @Test(arguments: [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity], InstructionSet.available)
  func noThresholdSilencesIt(_ number: Float, _ instructionSet: InstructionSet) throws {
    // An embedding: an activation from the first operation on.
    let (model, bytes) = try damaged("embedding", at: 4 * TinyModel.width + 5, number)
    defer { withExtendedLifetime(bytes) {} }
    for batch in [1, 4] {
      let session = try Session(model, batch: batch, instructionSet: instructionSet)
      for site in model.sites.indices where !model.sites[site].isHead {
        try session.setThreshold(.greatestFiniteMagnitude, site: site)
      }
      try session.prefill([4])
      try expectDamaged(session, "\(number) of an embedding")
      // The recurrent state has it now, whatever comes.
      try session.prefill([0, 7, 1, 2])
      try expectDamaged(session, "\(number) of a state")
      let scores = try session.score([3], targets: [5])
      #expect(scores[0].logProbability.isNaN)
    }
  }

  @Test(
    arguments: ["embedding", "positions", "gain", "bias", "mix", "rest", "W1", "b1", "W2", "Wq", "Wk", "Wv"], InstructionSet.available)
  func everyWeightThatIsReadShowsIt(_ name: String, _ instructionSet: InstructionSet) throws {
    let (model, bytes) = try damaged(name, .nan)
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model, instructionSet: instructionSet)
    var isShown = false
    for token in tokens {
      try session.step(token)
      isShown = isShown || session.logits.contains { !$0.isFinite }
    }
    #expect(isShown, "a weight of \(name) that is not a number goes unnoticed")
  }

  /// A row whose input is quiet is not read, whatever is in it; as soon as the input fires it shows.
  @Test(arguments: InstructionSet.available) func aQuietRowIsNotRead(_ instructionSet: InstructionSet) throws {
    let (whole, wholeBytes) = try openTiny()
    let (model, bytes) = try damaged("W1", at: 3 * TinyModel.hidden + 7, .nan)
    defer { withExtendedLifetime((wholeBytes, bytes)) {} }
    let session = try Session(model, instructionSet: instructionSet)
    let expected = try Session(whole, instructionSet: instructionSet)
    try session.setThreshold(.greatestFiniteMagnitude, site: 0)
    try expected.setThreshold(.greatestFiniteMagnitude, site: 0)
    for token in tokens {
      try session.step(token)
      try expected.step(token)
      #expect(Array(session.logits) == Array(expected.logits))
    }
    try session.setThreshold(0, site: 0)
    try session.step(1)
    try expectDamaged(session, "a weight")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func noThresholdsAreTakenFromIt(_ number: Float) throws {
    let (model, bytes) = try damaged("embedding", at: 4 * TinyModel.width + 5, number)
    defer { withExtendedLifetime(bytes) {} }
    let session = try Session(model)
    _ = session.collectStatistics()
    try session.step(1)
    try session.setThresholds(sparsity: 0.5)
    let thresholds = session.thresholds
    try session.step(4)
    let failure = try #require(throws: Failure.self) { try session.setThresholds(sparsity: 0.5) }
    #expect(failure.status == quell_status(QUELL_MALFORMED) && failure.description.contains("block.key"))
    #expect(session.thresholds == thresholds)
  }

  /// Weights and activations below 2^-126 are numbers like others: they fire, and their products are kept.
  @Test(arguments: [MatrixLayout.inputMajor, .outputMajor], InstructionSet.available)
  func subnormalNumbersCount(_ layout: MatrixLayout, _ instructionSet: InstructionSet) throws {
    let (small, large) = (Float(0x1p-140), Float(0x1p100))
    // Products of small weights and large activations, and the other way round.
    for (weight, activation) in [(small, large), (large, small)] {
      let count = 64
      let weights = [Float](repeating: weight, count: count * count)
      let events = Events([Float](repeating: activation, count: count), threshold: 0, instructionSet)
      #expect(events.fired.count == count)
      var (result, partial) = ([Float](repeating: 7, count: count), [Float](repeating: 0, count: count))
      weights.withUnsafeBytes { bytes in
        let tensor = Tensor(
          format: .f32, rows: count, columns: count, data: bytes.baseAddress!, name: UnsafeRawBufferPointer(start: nil, count: 0))
        Linear(matrix: tensor, layout: layout, scale: nil, bias: nil, outputs: count, kernels: try! instructionSet.kernels())
          .run(events.list, &result, partial: &partial, 0..<count)
      }
      #expect(result.allSatisfy { $0 == Float(count) * 0x1p-40 })
      withExtendedLifetime(events) {}
    }
    // A threshold may be as small.
    #expect(Events([small, 2 * small, -4 * small], threshold: 2 * small, instructionSet).fired == [2])
  }
}
