import Testing

@testable import QuellJSON

struct PrintableTextTests {
  @Test func whatControlsATerminalIsReplaced() {
    #expect("a\nb\r\u{1b}[2J\u{0}\u{7f}\u{80}\u{9f}c".printable == "a?b??[2J????c")
    // Two characters that Swift takes for one.
    #expect("\r\n".printable == "??")
  }

  @Test(arguments: ["", "plain", "é\u{301}\u{a0}\u{2028}😀'\"\\"]) func theRestStays(_ text: String) { #expect(text.printable == text) }
}
