// Goes on with a text.
//
//   swift run -c release --package-path Examples/Swift generate model.gguf "Once upon a time" 64

import Foundation
import Quell

@main struct Generate {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard (3...5).contains(arguments.count), let limit = Int(arguments[2]) else {
      fail("usage: generate model prompt count [temperature [seed]]", status: 2)
    }
    let temperature = arguments.count > 3 ? Float(arguments[3]) ?? 0 : 0
    let seed = arguments.count > 4 ? UInt64(arguments[4]) ?? 0 : 0
    do {
      let options = SamplingOptions(temperature: temperature, seed: seed)
      try generate(model: arguments[0], prompt: arguments[1], limit: limit, sampler: Sampler(options))
    } catch {
      fail("generate: \(error)", status: 1)
    }
  }

  static func generate(model path: String, prompt: String, limit: Int, sampler: Sampler) throws(Failure) {
    let model = try Model(path: path)
    let session = try Session(model)
    guard let tokenizer = model.tokenizer else { fail("generate: the model carries no tokenizer", status: 1) }
    var sampler = sampler
    for token in try tokenizer.encode(prompt) {
      try session.step(token)
      try show(token, tokenizer)
    }
    for made in 1...max(limit, 1) where limit > 0 {
      let token = try session.sample(&sampler)
      if token == tokenizer.end { break }
      try show(token, tokenizer)
      if made == limit || session.position == session.capacity { break }
      try session.step(token)
    }
    FileHandle.standardOutput.write(Data("\n".utf8))
  }

  /// Prints the text of a token, unless it is one that only steers the model.
  static func show(_ token: UInt32, _ tokenizer: Tokenizer) throws(Failure) {
    if try !tokenizer.isControl(token) { FileHandle.standardOutput.write(Data(try tokenizer.bytes(of: token))) }
  }

  static func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(status)
  }
}
