import Quell

/// How a device is assumed to go about a program: what a price covers and what it leaves out.
public struct Execution: Sendable {
  /// The parts of the model that are priced.
  public var components: Set<Component>
  /// Whether sums are read and written once for each group of events, and not once for each event.
  public var groupsEvents: Bool
  /// The most cores that may be used; nil for as many as the weights need.
  public var cores: Int?
  /// Whether cores work on tokens after one another at the same time, and not one core at a time.
  public var isPipelined: Bool
  /// Ways between routers from core to core; nil for the profile's.
  public var hops: Double?

  /// What a device's profile says where nothing else is asked for.
  public init(
    on device: Device, including: [Component] = [], excluding: [Component] = [], groupsEvents: Bool = true, cores: Int? = nil,
    isPipelined: Bool = false, hops: Double? = nil
  ) {
    components = Set(device.components).union(including).subtracting(excluding)
    self.groupsEvents = groupsEvents
    self.cores = cores
    self.isPipelined = isPipelined
    self.hops = hops
  }
}

extension ProgramOutline {
  /// The same program with all matrices and tables stored in another format.
  public func storing(_ format: WeightFormat) -> ProgramOutline {
    var outline = self
    for operation in operations {
      switch operation {
      case .linear(let tensor, _, _, _, _), .row(let tensor, _, _, _, _):
        let old = outline.tensors[tensor]
        outline.tensors[tensor] = TensorDescription(name: old.name, format: format, rows: old.rows, columns: old.columns)
      default: break
      }
    }
    return outline
  }
}
