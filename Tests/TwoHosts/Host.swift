import Quell

/// Goes on with a text, greedily, through the Swift package; for check-two-hosts, which calls it from Python beside libquell.so.
@c(host_generate) public func generate(
  _ path: UnsafePointer<CChar>, _ prompt: UnsafePointer<CChar>, _ tokens: UnsafeMutablePointer<UInt32>, _ limit: Int32
) -> Int32 {
  do throws(Failure) {
    let model = try Model(path: String(cString: path))
    let session = try Session(model, threads: 2)
    guard let tokenizer = model.tokenizer else { return -1 }
    try session.prefill(try tokenizer.encode(String(cString: prompt)))
    var sampler = try Sampler(SamplingOptions())
    for index in 0..<Int(limit) {
      tokens[index] = try session.sample(&sampler)
      try session.step(tokens[index])
    }
    return 0
  } catch {
    return error.status
  }
}
