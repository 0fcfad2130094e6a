#if !hasFeature(Embedded)
  import CQuell

  /// A matrix or vector in a model's file.
  public struct TensorDescription: Equatable, Sendable {
    /// Its name in the file.
    public let name: String
    /// The type of its numbers.
    public let format: WeightFormat
    /// Contiguous vectors of ``columns`` numbers each; 1 for a vector.
    public let rows: Int
    /// Numbers in a row.
    public let columns: Int

    /// A tensor.
    public init(name: String, format: WeightFormat, rows: Int, columns: Int) {
      self.name = name
      self.format = format
      self.rows = rows
      self.columns = columns
    }

    /// Bytes of its numbers.
    public var byteCount: Int { rows * (columns / format.blockCount) * format.blockBytes }
  }

  /// What a model is made of, for tools that show it.
  extension Model {
    /// Bytes of the model's file.
    public var byteCount: Int { storage.pointee.bytes.count }

    /// Floats of recurrent state.
    public var stateSize: Int { storage.pointee.stateSize }

    /// Floats of scratch.
    public var scratchSize: Int { storage.pointee.scratchSize }

    /// Tells models apart, by their programs and a sample of their weights.
    public var fingerprint: UInt64 { storage.pointee.weightFingerprint() }

    /// The tensors, in the file's order.
    public var tensors: [TensorDescription] {
      storage.pointee.tensors.map { tensor in
        TensorDescription(
          name: String(decoding: tensor.name, as: UTF8.self), format: tensor.format, rows: tensor.rows, columns: tensor.columns)
      }
    }

    /// The program of one step.
    public var operations: [Operation] { Array(storage.pointee.operations) }

    /// The vectors that the program's operands name.
    public var values: [Value] { Array(storage.pointee.values) }

    /// The key/value caches, one for each attention.
    public var caches: [Cache] { Array(storage.pointee.caches) }

    /// The tokenizer that the file carries, or nil. It keeps the model alive.
    public var tokenizer: Tokenizer? {
      var tokenizer = storage.pointee.tokenizer
      tokenizer?.owner = self
      return tokenizer
    }
  }
#endif
