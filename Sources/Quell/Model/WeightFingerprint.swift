extension ModelStorage {
  private static let samplesPerTensor = 16

  /// A hash of the program and of a few numbers of every tensor, evenly spaced: enough to tell a model from its fine-tuned kin
  /// without reading all of its weights. Costs one memory page for each sample at most.
  func weightFingerprint() -> UInt64 {
    var hash = FNVHash(after: fingerprint)
    for tensor in tensors {
      let size = tensor.format.blockBytes
      let count = tensor.rows * (tensor.columns / tensor.format.blockCount)
      for sample in 0..<min(ModelStorage.samplesPerTensor, count) {
        let block = ModelStorage.position(of: sample, among: count)
        for byte in 0..<size { hash.combine(tensor.data.load(fromByteOffset: block * size + byte, as: UInt8.self)) }
      }
    }
    return hash.value
  }

  private static func position(of sample: Int, among count: Int) -> Int {
    let samples = min(samplesPerTensor, count)
    return count / samples * sample
  }
}
