import Testing

/// Files that the host reads, damaged: each is refused in one line, or what it says is used.
@Suite(.serialized) struct DamageTests {
  @Test(arguments: HostFile.allCases) func damagedFilesAreRefusedOrUsed(_ kind: HostFile) throws {
    let run = try DamageRun(kind, changes: 2000)
    #expect(run.accepted > 0 && run.refused > 0)
  }
}
