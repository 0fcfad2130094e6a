#if !hasFeature(Embedded)
  extension Tokenizer {
    /// Whether a text is in Unicode's normalization form C.
    public static func isNormalized(_ text: String) -> Bool {
      Array(text.utf8).withUnsafeBufferPointer { bytes in
        var normalized = CharacterSource(bytes, normalizing: true)
        var given = CharacterSource(bytes, normalizing: false)
        while let character = given.next() { guard normalized.next() == character else { return false } }
        return normalized.next() == nil
      }
    }

    /// The tokens of a text. See ``encode(_:into:scratch:addingBeginning:)``.
    public func encode(_ text: String, addingBeginning: Bool = true) throws(Failure) -> [UInt32] {
      try encode(Array(text.utf8), addingBeginning: addingBeginning)
    }

    /// The tokens of a text in UTF-8. See ``encode(_:into:scratch:addingBeginning:)``.
    public func encode(_ text: [UInt8], addingBeginning: Bool = true) throws(Failure) -> [UInt32] {
      let result = text.withUnsafeBufferPointer { text in
        Result { () throws(Failure) in try encode(text, addingBeginning) }
      }
      return try result.get()
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, _ addingBeginning: Bool) throws(Failure) -> [UInt32] {
      let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: requiredScratch(for: text), alignment: 8)
      defer { scratch.deallocate() }
      var tokens = [UInt32](repeating: 0, count: text.count + 1)
      while true {
        let count = try tokens.withUnsafeMutableBufferPointer { buffer throws(Failure) in
          try encode(text, into: buffer, scratch: scratch, addingBeginning: addingBeginning)
        }
        guard count > tokens.count else { return Array(tokens[..<count]) }
        tokens = [UInt32](repeating: 0, count: count)
      }
    }

    /// The bytes of tokens, one after the other. See ``decode(_:into:skippingControl:)``.
    public func decode(_ tokens: [UInt32], skippingControl: Bool = false) throws(Failure) -> [UInt8] {
      var text: [UInt8] = []
      for token in tokens {
        if skippingControl, try isControl(token) { continue }
        text += try bytes(of: token)
      }
      return text
    }
  }
#endif
