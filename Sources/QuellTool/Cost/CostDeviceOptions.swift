import ArgumentParser
import Quell
import QuellCost

/// The device that is priced, and how it is assumed to work.
struct CostDeviceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A device by name, or the file of its profile.", valueName: "device"))
  var device = "seneca"

  @Option(help: ArgumentHelp("Price weights as if they were stored so. (default: as they are; bf16 of a shape)", valueName: "type"))
  var weights: CostWeights?

  @Option(help: ArgumentHelp("Price these parts of the model, too: \(CostDeviceOptions.components).", valueName: "part,..."))
  var include = ComponentList([])

  @Option(help: ArgumentHelp("Leave these parts out.", valueName: "part,..."))
  var exclude = ComponentList([])

  @Flag(help: "Read and write sums for every event, not for each group of events.")
  var noGrouping = false

  @Option(help: ArgumentHelp("Use no more cores; weights beyond their memory lie in shared memory.", valueName: "count"))
  var cores: Int?

  @Option(help: ArgumentHelp("Ways between routers from core to core. (default: the profile's)", valueName: "count"))
  var hops: Double?

  @Flag(help: "Let cores work on different tokens at the same time.")
  var pipelined = false

  private static let components = Component.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    if let cores, cores < 1 { throw ValidationError("--cores is a number of at least 1") }
    if let hops, !(hops >= 0 && hops.isFinite) { throw ValidationError("--hops is a number of at least 0") }
  }

  /// The text of the profile.
  func profile() throws -> [UInt8] { try ShippedDevices.text(named: device) ?? Files.read(device) }

  /// The device.
  func read() throws -> Device {
    let profile = try profile()
    return try naming(device) { () throws(CostFailure) in try Device(profile: profile) }
  }

  /// How it is assumed to work.
  func execution(on profile: Device, excluding left: [Component]) throws -> Execution {
    Execution(
      on: profile, including: include.components, excluding: exclude.components + left, groupsEvents: !noGrouping, cores: cores,
      isPipelined: pipelined, hops: hops)
  }
}

/// What weights are priced as.
enum CostWeights: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, bf16, int8, int4

  var format: WeightFormat {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .int8: .int8
    case .int4: .int4
    }
  }
}

/// Parts of a model in one argument, with commas between them.
struct ComponentList: ExpressibleByArgument {
  let components: [Component]

  init(_ components: [Component]) { self.components = components }

  init?(argument: String) {
    let names = argument.split(separator: ",").map { String($0) }
    guard let components = try? Component.list(names, "the list") else { return nil }
    self.components = components
  }

  var defaultValueDescription: String { components.isEmpty ? "none" : components.map(\.rawValue).joined(separator: ",") }
}
