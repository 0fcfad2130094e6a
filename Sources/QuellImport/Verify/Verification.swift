import CQuell
import Quell

/// Runs a model that has just been written, before it gets its name.
enum Verification {
  /// Of a model with more weights, a token takes long.
  private static let mostWeights = 1 << 30

  /// Runs the first token, the last and one between, as far as the context reaches: every logit must be finite. Of a large model
  /// it is the first token alone. `goesOn` is asked before each.
  static func requireFinite(_ path: String, _ program: Program, threads: Int, goesOn: () -> Bool) throws(ImportFailure) {
    var isCancelled = false
    do throws(Failure) {
      let model = try Model(path: path)
      let last = model.vocabularySize - 1
      let weights = program.tensors.reduce(0) { $0 + $1.shape.product }
      let most = weights > mostWeights ? 1 : 3
      let tokens = [0, last / 2, last].prefix(model.contextLength == 0 ? most : min(most, model.contextLength))
      let session = try Session(model, contextLength: tokens.count, threads: threads)
      for token in tokens {
        isCancelled = !goesOn()
        if isCancelled { break }
        try session.step(UInt32(token))
        if let logit = session.logits.firstIndex(where: { !$0.isFinite }) {
          throw Failure(QUELL_UNSUPPORTED, "token ").then(token).then(" gives a logit ").then(logit).then(" that is no finite number")
        }
      }
    } catch {
      // The runtime's own verifier has the last word; where numbers went wrong, a weight is the likeliest reason.
      if let name = program.firstTensorBeyondNumbers {
        throw .unsupported("Tensor \"\(name)\" holds numbers that are not finite, so the model cannot run: \(error).")
      }
      throw .unsupported("The program made of the model is not one that can run: \(error).")
    }
    if isCancelled { throw .cancelled }
  }

  /// Runs the tokens of a reference and measures how far the logits are from its own.
  static func compare(_ path: String, with reference: ReferenceLogits) throws(ImportFailure) -> ReferenceAgreement {
    var result = ReferenceAgreement(tokens: reference.tokens.count, largestError: 0, relativeError: 0, sameArgMax: 0)
    var (difference, length) = (0.0, 0.0)
    do throws(Failure) {
      let model = try Model(path: path)
      let width = model.vocabularySize
      guard reference.logits.count == reference.tokens.count * width else {
        throw Failure(QUELL_UNSUPPORTED, "the reference has ").then(reference.logits.count).then(" logits for ")
          .then(reference.tokens.count).then(" tokens, but the model gives ").then(width).then(" for each")
      }
      let session = try Session(model, contextLength: model.contextLength == 0 ? reference.tokens.count : 0)
      for (number, token) in reference.tokens.enumerated() {
        try session.step(token)
        let expected = reference.logits[(number * width)..<((number + 1) * width)]
        for (logit, other) in zip(session.logits, expected) {
          let distance = abs(logit - other)
          // A comparison with NaN is false, and a NaN must not go unseen.
          if !(distance <= result.largestError) { result.largestError = distance }
          difference += Double(distance) * Double(distance)
          length += Double(other) * Double(other)
        }
        let greatest = session.logits.indices.max { session.logits[$0] < session.logits[$1] }
        let wanted = expected.indices.max { expected[$0] < expected[$1] }
        if greatest == wanted.map({ $0 - expected.startIndex }) { result.sameArgMax += 1 }
      }
    } catch {
      throw .unsupported("The model cannot be held against its reference: \(error).")
    }
    result.relativeError = (difference / length).squareRoot()
    return result
  }
}

extension Program {
  /// The first tensor that holds a number that is not finite.
  fileprivate var firstTensorBeyondNumbers: String? {
    tensors.first { tensor in
      var isFinite = true
      for weight in tensor.weights { weight.layout.forEachOffset { if !weight.source.float($0).isFinite { isFinite = false } } }
      return !isFinite
    }?.name
  }
}
