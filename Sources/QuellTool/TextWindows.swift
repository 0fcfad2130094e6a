import Quell
import QuellCalibration

/// A text cut into the windows over which a model is calibrated and evaluated.
///
/// Documents are separated by the text of the token that ends one. Each begins with that token, and every token after it is predicted
/// exactly once, in windows that each begin with nothing remembered. Windows may overlap: what two of them predict counts in the first.
struct TextWindows {
  /// The length of a window where nothing else is asked for and the model's context is not shorter.
  static let usualLength = 256

  /// Tokens to take; each but the first is also to be predicted from those before it.
  private(set) var windows: [ArraySlice<UInt32>]
  /// How many of a window's first predictions another window makes.
  private(set) var overlaps: [Int]
  let documentCount: Int
  /// Bytes of the documents, without what separates them.
  let byteCount: Int

  /// How many predictions the windows hold.
  var predictionCount: Int { zip(windows, overlaps).reduce(0) { $0 + $1.0.count - 1 - $1.1 } }

  /// Steps of the longest window.
  var longestWindow: Int { windows.reduce(0) { max($0, $1.count - 1) } }

  /// Cuts a text into windows of at most `length` steps, one beginning every `stride` tokens; without a stride where the one before ends.
  init(_ text: [UInt8], tokenizer: Tokenizer, length: Int, stride: Int? = nil) throws {
    guard let separator = tokenizer.end ?? tokenizer.beginning else {
      throw CommandFailure(.unsupported, "the model's tokenizer has no token that ends a text: documents cannot be told apart")
    }
    let documents = try tokenizer.encode(text, addingBeginning: false).split(separator: separator, omittingEmptySubsequences: false)
    var windows: [ArraySlice<UInt32>] = []
    var overlaps: [Int] = []
    for document in documents {
      let tokens = [separator] + document
      var (start, predicted) = (0, 0)
      while predicted < tokens.count - 1 {
        let end = min(start + length, tokens.count - 1)
        windows.append(tokens[start...end])
        overlaps.append(predicted - start)
        predicted = end
        start += stride ?? length
      }
    }
    (self.windows, self.overlaps) = (windows, overlaps)
    documentCount = documents.count
    byteCount = text.count - (documents.count - 1) * (try tokenizer.bytes(of: separator).count)
  }

  /// Keeps at most so many tokens, in windows spread evenly over the text. Windows do not overlap.
  mutating func spread(tokens: Int) {
    windows = CalibrationWindows.spread(windows, tokens: tokens)
    overlaps = windows.map { _ in 0 }
  }

  /// The length of a window for a model: what was asked for, or else the usual one unless the context is shorter.
  static func length(asked: Int?, for model: Model) -> Int {
    asked ?? (model.contextLength == 0 ? usualLength : min(usualLength, model.contextLength))
  }
}

extension Model {
  /// The tokenizer, without which text cannot be worked with.
  func requireTokenizer() throws -> Tokenizer {
    guard let tokenizer else {
      throw CommandFailure(.failed, "the model carries no tokenizer: import it with --tokenizer tokenizer.json")
    }
    return tokenizer
  }
}
