#if !hasFeature(Embedded)
  import CQuell

  /// A model, opened from a file or from memory. Immutable; any number of sessions and threads may share it.
  public final class Model: @unchecked Sendable {
    let storage: UnsafeMutablePointer<ModelStorage>

    /// Maps a model file. Costs no more than reading its tables: weights are read when they are used.
    public init(path: String) throws(Failure) {
      storage = try Model.open(path)
    }

    /// Opens a model over bytes that stay in place, unchanged, as long as the model and its sessions live.
    public init(bytes: UnsafeRawBufferPointer) throws(Failure) {
      storage = try ModelStorage.open(bytes)
    }

    deinit { ModelStorage.release(storage) }

    /// A name for people, from the file.
    public var name: String { String(decoding: storage.pointee.name, as: UTF8.self) }

    /// How many logits a step gives; token ids are below it.
    public var vocabularySize: Int { storage.pointee.vocabularySize }

    /// The greatest number of positions, 0 where nothing limits it.
    public var contextLength: Int { storage.pointee.contextLength }

    /// The inputs of the model's linear operations, in the order of the program.
    public var sites: [SiteDescription] {
      storage.pointee.sites.map { site in
        SiteDescription(
          name: String(decoding: site.name, as: UTF8.self), kind: String(decoding: site.kind, as: UTF8.self), inputs: site.inputs,
          outputs: site.outputs, threshold: site.threshold, isHead: site.isHead)
      }
    }

    // Typed throws out of `withCString` need the result carried by hand.
    private static func open(_ path: String) throws(Failure) -> UnsafeMutablePointer<ModelStorage> {
      let result: Result<UnsafeMutablePointer<ModelStorage>, Failure> = path.withCString { text in
        var mapped: UnsafeRawBufferPointer?
        defer { ModelStorage.unmap(mapped) }
        do throws(Failure) { return .success(try ModelStorage.open(path: text, mapped: &mapped)) } catch { return .failure(error) }
      }
      return try result.get()
    }
  }

  /// The input of one or more linear operations: where a vector becomes events.
  public struct SiteDescription: Equatable, Sendable {
    /// Its name, unique in the model.
    public let name: String
    /// What it feeds, the same for all blocks.
    public let kind: String
    /// Length of its input.
    public let inputs: Int
    /// Multiply-accumulates that one event costs.
    public let outputs: Int
    /// The threshold that the file carries.
    public let threshold: Float
    /// Whether it feeds the vocabulary head.
    public let isHead: Bool

    /// A site.
    public init(name: String, kind: String, inputs: Int, outputs: Int, threshold: Float, isHead: Bool) {
      self.name = name
      self.kind = kind
      self.inputs = inputs
      self.outputs = outputs
      self.threshold = threshold
      self.isHead = isHead
    }

    /// Multiply-accumulates of all linear operations that read the site, for one token.
    public var macs: Double { Double(inputs) * Double(outputs) }
  }
#endif
