#if !hasFeature(Embedded)
  /// A program with the shapes of all it works on, without a weight: what its work can be counted from.
  public struct ProgramOutline: ProgramShape, Sendable {
    /// The operations of one step.
    public var operations: [Operation]
    /// The vectors that operands name.
    public var values: [Value]
    /// The tensors that operands name.
    public var tensors: [TensorDescription]
    /// The key/value caches.
    public var caches: [Cache]
    /// The inputs of linear operations.
    public var sites: [SiteDescription]

    /// A program.
    public init(
      operations: [Operation], values: [Value], tensors: [TensorDescription], caches: [Cache], sites: [SiteDescription]
    ) {
      self.operations = operations
      self.values = values
      self.tensors = tensors
      self.caches = caches
      self.sites = sites
    }

    /// How many numbers a value has.
    public func length(ofValue value: Int) -> Int { values[value].count }

    /// What a matrix or table is stored as.
    public func format(ofTensor tensor: Int) -> WeightFormat { tensors[tensor].format }

    /// The widths of a key/value cache.
    public func dimensions(ofCache cache: Int) -> Cache { caches[cache] }
  }

  extension Model {
    /// The program with the shapes of all it works on.
    public var outline: ProgramOutline {
      ProgramOutline(operations: operations, values: values, tensors: tensors, caches: caches, sites: sites)
    }
  }
#endif
