import Testing

/// What fuzzers have found worth keeping, and what they have found, keeps every promise.
struct KeptInputTests {
  @Test(arguments: HostFile.allCases) func inputsThatWereKeptAreRefusedOrUsed(_ kind: HostFile) throws {
    let reader = try HostFileReader()
    for (name, bytes) in try KeptInputs.all(kind) {
      do {
        _ = try reader.use(bytes, as: kind)
      } catch {
        Issue.record("\(name): \(error)")
      }
    }
  }
}
