import Foundation
import Testing

@testable import QuellImport

/// A written model is held against what another program computes.
struct VerificationTests {
  @Test func anImportTellsHowFarItsLogitsAre() throws {
    let fixture = try Fixture("rwkv_dy_step")
    try withFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      var reference = ReferenceLogits(tokens: fixture.tokens, logits: fixture.logits.flatMap { $0 })
      let close = try importONNX(from: fixture.path, to: output, options: ImportOptions(reference: reference)).agreement
      #expect(close?.tokens == 12 && close?.sameArgMax == 12)
      #expect(close.map { $0.largestError > 0 && $0.largestError < 2e-4 && $0.relativeError < 1e-5 } == true)
      reference.logits[512 + 3] += 1000
      let far = try importONNX(from: fixture.path, to: output, options: ImportOptions(reference: reference)).agreement
      #expect(far?.sameArgMax == 11 && far.map { abs($0.largestError - 1000) < 1 } == true)
      reference.logits.removeLast()
      let failure = try #require(importFailure(fixture.path, output, ImportOptions(reference: reference)))
      #expect(failure.kind == .unsupported && failure.message.contains("reference"))
    }
  }

  // Archives as NumPy writes them: tokens [3, 1, 2] as int64 and logits [[0.5, -1], [2, 3], [4, 5.25]] as float32.
  private let stored = fixtures.appendingPathComponent("Archives/stored.npz")
  private let deflated = fixtures.appendingPathComponent("Archives/deflated.npz")

  @Test func archivesOfNumPyAreRead() throws {
    for path in [stored, deflated] {
      let reference = try ReferenceLogits(archive: path.path)
      #expect(reference.tokens == [3, 1, 2])
      #expect(reference.logits == [0.5, -1, 2, 3, 4, 5.25])
    }
  }

  @Test func damagedArchivesAreRefused() throws {
    let data = try Data(contentsOf: deflated)
    try withFolder { folder in
      let path = folder.appendingPathComponent("damaged.npz")
      for length in 0..<data.count {
        try data.prefix(length).write(to: path)
        #expect(throws: ImportFailure.self) { try ReferenceLogits(archive: path.path) }
      }
      // A changed byte may go unnoticed, in a date for instance, but is never more than a failure.
      for place in data.indices {
        for mask in [UInt8(0xff), 0x01] {
          var damaged = data
          damaged[place] ^= mask
          try damaged.write(to: path)
          do throws(ImportFailure) { _ = try ReferenceLogits(archive: path.path) } catch { #expect(error.kind == .malformed) }
        }
      }
    }
  }
}
