import Foundation
import QuellCost
import QuellImport

/// Bytes as an ONNX file, imported to a file that is taken away again: a failure, or a model that has run.
@c(quell_fuzz_import) public func fuzzImport(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
  let folder = FileManager.default.temporaryDirectory.appending(path: "quell-fuzz-\(getpid())", directoryHint: .isDirectory)
  try! FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  let (input, output) = (folder.appending(path: "graph.onnx"), folder.appending(path: "graph.gguf"))
  try! Data(UnsafeBufferPointer(start: bytes, count: count)).write(to: input)
  do throws(ImportFailure) {
    try importONNX(from: input.path, to: output.path)
    try! FileManager.default.removeItem(at: output)
  } catch {
    precondition(!error.message.isEmpty && !error.message.contains("\n"), "a message that is not one line")
  }
  precondition(try! FileManager.default.contentsOfDirectory(atPath: folder.path) == ["graph.onnx"], "something was left behind")
}

/// Bytes as JSON: the first says whether it is a device's profile or a tokenizer.
@c(quell_fuzz_documents) public func fuzzDocuments(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
  guard let bytes, count > 0 else { return }
  let document = Array(UnsafeBufferPointer(start: bytes + 1, count: count - 1))
  if bytes[0] & 1 == 0 {
    do throws(CostFailure) {
      precondition(try Device(profile: document).laneCount > 0, "a device without lanes")
    } catch {
      precondition(!error.description.isEmpty)
    }
  } else {
    do throws(ImportFailure) {
      precondition(try !TokenizerImport.pairs(tokenizer: Data(document), configuration: nil, vocabularySize: 64).isEmpty, "no keys")
    } catch {
      precondition(!error.message.isEmpty)
    }
  }
}
