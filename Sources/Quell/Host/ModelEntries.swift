#if !hasFeature(Embedded)
  import CQuell

  /// What a model's file says, as it stands there, for tools that write another file from it.
  extension Model {
    /// The keys of the file with the bytes of their values, types in front, in the file's order.
    public var entries: [(key: String, value: [UInt8])] {
      var entries: [(key: String, value: [UInt8])] = []
      // What has been opened can be read: nothing is thrown.
      _ = try? GGUF(storage.pointee.bytes).forEachKey { key, value in
        let start = key.baseAddress! + key.count
        let end = value.bytes.baseAddress.map { UnsafeRawPointer($0) + value.bytes.count } ?? start
        entries.append((String(decoding: key, as: UTF8.self), Array(UnsafeRawBufferPointer(start: start, count: max(end - start, 0)))))
      }
      return entries
    }

    /// Where the thresholds of the sites lie in the file: one f32 for each, little-endian.
    public var thresholdRange: Range<Int> {
      var range = 0..<0
      // What has been opened can be read, and has this key: nothing is thrown.
      _ = try? GGUF(storage.pointee.bytes).forEachKey { key, value in
        guard key.equals("quell.thresholds"), let words = WordArray(value, of: .float32) else { return }
        range = words.offset..<(words.offset + 4 * words.count)
      }
      return range
    }

    /// Where the numbers of each tensor lie in the file, in the file's order.
    public var tensorRanges: [Range<Int>] {
      storage.pointee.tensors.map { tensor in
        let start = tensor.data - storage.pointee.bytes.baseAddress!
        return start..<(start + tensor.rows * tensor.rowBytes)
      }
    }

    /// Runs of state that begin with a number other than zero: where, how long, and what it is.
    public var stateFills: [(offset: Int, count: Int, value: Float)] {
      let words = storage.pointee.stateFill
      return (0..<words.count / 3).map { run in
        (Int(words[3 * run]), Int(words[3 * run + 1]), Float(bitPattern: words[3 * run + 2]))
      }
    }

    /// The value that holds the logits after a step.
    public var logitsValue: Int { storage.pointee.logits }
  }
#endif
