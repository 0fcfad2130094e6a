import Foundation
import Testing

@testable import QuellJSON

@Suite struct JSONSyntaxTests {
  private func fault(_ text: String) -> JSONFault? { fault(Array(text.utf8)) }
  private func fault(_ bytes: [UInt8]) -> JSONFault? { bytes.withUnsafeBytes { JSONSyntax.fault(in: $0) } }

  @Test(arguments: [
    "0", "-0", "1e-400", "12.50E+3", "\"\"", " [ ] ", "{}", "[1, [2, {\"a\": null}], true, false]\n", #"{"a": 1, "A": 2, "\u0061b": 3}"#,
    #""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "\"é😀\"", "[{\"a\": 1}, {\"a\": 2}]",
    // The same to Swift's strings, but other names.
    "{\"\u{e9}\": 1, \"e\u{301}\": 2}",
  ]) func whatIsRightPasses(text: String) { #expect(fault(text) == nil) }

  @Test(arguments: [
    ("", 0, "ends where a value"), ("  ", 2, "ends where a value"), ("nul", 0, "a value belongs"), ("NaN", 0, "a value belongs"),
    ("-Infinity", 1, "a digit"), ("01", 1, "goes on"), ("1.", 2, "a digit"), ("+1", 0, "a value"), ("1e", 2, "a digit"),
    ("1e999", 0, "too large"), ("[1 2]", 3, "a comma"), ("[1,]", 3, "a value"), ("{\"a\":1,}", 7, "a name in quotes"),
    ("{a:1}", 1, "a name in quotes"), ("{\"a\" 1}", 5, "a colon"), ("{\"a\":1 \"b\":2}", 7, "a comma"), ("[1]]", 3, "goes on"),
    ("\"abc", 0, "ends within"), ("\"a\nb\"", 2, "control"), (#""\x""#, 1, "escaped"), (#""\u12g4""#, 1, "hexadecimal"),
    (#""\ud800""#, 1, "surrogate"), (#""\udc00\ud800""#, 1, "surrogate"), (#""\ud800\u0061""#, 1, "surrogate"), ("// no\n1", 0, "a value"),
  ]) func whatIsWrongIsNamedWithItsByte(text: String, offset: Int, reason: String) throws {
    let found = try #require(fault(text))
    #expect(found.offset == offset && found.reason.contains("it is not JSON") && found.reason.contains(reason), "\(found)")
  }

  @Test(arguments: [
    (#"{"a": 1, "b": 2, "a": 3}"#, 17, "'a'"), (#"[{"x": {"y": 1, "\u0079": 2}}]"#, 16, "'y'"),
  ]) func namesThatStandTwiceAreNamed(text: String, offset: Int, name: String) throws {
    let found = try #require(fault(text))
    #expect(found.offset == offset && found.reason.contains("\(name) stands twice"), "\(found)")
  }

  @Test func bytesThatAreNoUTF8() {
    #expect(fault([0x22, 0xff, 0x22])?.reason.contains("UTF-8") == true)
    #expect(fault([0x22, 0xed, 0xa0, 0x80, 0x22])?.reason.contains("UTF-8") == true)
    #expect(fault([0xef, 0xbb, 0xbf, 0x31])?.offset == 0)
  }

  @Test func depthHasAnEnd() {
    func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
    #expect(fault(nested(128)) == nil)
    #expect(fault(nested(129))?.offset == 128)
    #expect(fault(String(repeating: "{\"a\":", count: 100_000))?.reason.contains("nested") == true)
  }

  @Test func everyCutIsRefused() {
    let text = Array(#"{"a": [1.5e3, "x\u00e9\ud83d\ude00", true], "b": {"c": null}}"#.utf8)
    for length in text.indices { #expect(fault(Array(text[..<length])) != nil, "\(length)") }
    #expect(fault(text) == nil)
  }

  /// The judgement of another reader, on every document that differs from a right one in one byte.
  @Test func whatFoundationRefusesIsRefused() {
    let text = Array(#"{"a": [1.5e3, "x\u00e9", true], "b": {"c": null}}"#.utf8)
    for place in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[place] = byte
        guard fault(changed) == nil else { continue }
        #expect((try? JSONSerialization.jsonObject(with: Data(changed))) != nil, "byte \(place) as \(byte)")
      }
    }
  }
}
