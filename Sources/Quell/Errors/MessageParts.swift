#if hasFeature(Embedded)
  /// What a message is made of, by reference: the pieces stay where they are until the message is built.
  ///
  /// A failure is moved through every function that throws it, word by word in the machine code: a message of a few words instead of 256
  /// bytes makes the library a third smaller, and each such function's stack frame by a kilobyte. The names of a file that it refers to
  /// must live until the C function that fails has told its caller.
  struct MessageParts: @unchecked Sendable {
    /// What a word is.
    private enum Kind: UInt8 {
      case text, number
      /// The address of bytes; their count is the next word.
      case bytes, count
    }

    private static let capacity = 10
    private static let kindBits: UInt32 = 2

    private var words = [10 of UInt](repeating: 0)
    private var count = 0
    /// What the words are, the first in the lowest bits.
    private var kinds: UInt32 = 0

    init(_ text: StaticString) { append(text) }

    mutating func append(_ text: StaticString) { append(.text, UInt(bitPattern: text.utf8Start)) }
    mutating func append(_ number: Int) { append(.number, UInt(bitPattern: number)) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
      append(.bytes, UInt(bitPattern: bytes.baseAddress))
      append(.count, UInt(bytes.count))
    }

    /// The message, for people.
    var message: Message {
      var message = Message()
      for index in 0..<count {
        let word = words[index]
        switch Kind(rawValue: UInt8(truncatingIfNeeded: kinds >> (MessageParts.kindBits * UInt32(index))) & 3) {
        case .text: message.append(bytes(word, length(word)))
        case .number: message.append(Int(bitPattern: word))
        case .bytes: message.append(bytes(word, index + 1 < count ? Int(words[index + 1]) : 0))
        case .count, nil: break
        }
      }
      return message
    }

    /// No message of the library has more parts than fit: what does not is left out.
    private mutating func append(_ kind: Kind, _ word: UInt) {
      guard count < MessageParts.capacity else { return }
      words[count] = word
      kinds |= UInt32(kind.rawValue) << (MessageParts.kindBits * UInt32(count))
      count += 1
    }

    private func bytes(_ address: UInt, _ count: Int) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }

    /// The length of fixed text, which the compiler ends with a zero byte.
    private func length(_ text: UInt) -> Int {
      UnsafePointer<CChar>(bitPattern: text).map { ModelStorage.length(of: $0) } ?? 0
    }
  }
#endif
