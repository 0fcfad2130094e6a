import ArgumentParser
import Foundation
import QuellCost

/// What a calibration is to reach: one of these.
struct TargetOptions: ParsableArguments {
  @Option(
    name: [.long, .customLong("target-sparsity")],
    help: ArgumentHelp("The fraction of multiply-accumulates to skip, 0 to 1.", valueName: "fraction"))
  var sparsity: Double?

  @Option(help: ArgumentHelp("allocate, compensate: by how much the loss may increase, such as 2%.", valueName: "percentage"))
  var targetLossIncrease: String?

  @Option(
    help: ArgumentHelp(
      "allocate, compensate: multiply-accumulates to do for each token, such as 1.9M; the vocabulary head's apart, unless it takes part.",
      valueName: "count"))
  var targetMacs: String?

  @Option(
    help: ArgumentHelp("The fraction of the energy that the dense model takes on --device, such as 0.5x.", valueName: "fraction"))
  var targetEnergy: String?

  @Option(help: ArgumentHelp("The device of --target-energy: by name, or the file of its profile.", valueName: "device"))
  var device = "seneca-poster"

  @Option(help: ArgumentHelp("What weights are priced as for --target-energy. (default: as they are)", valueName: "type"))
  var weights: CostWeights?

  /// What was asked for, or nil.
  var target: CalibrationTarget? {
    get throws {
      guard [sparsity != nil, targetLossIncrease != nil, targetMacs != nil, targetEnergy != nil].count(where: { $0 }) <= 1 else {
        throw ValidationError("give one of --sparsity, --target-loss-increase, --target-macs and --target-energy")
      }
      if let sparsity {
        try SparsityOptions.check(sparsity)
        return .sparsity(sparsity)
      }
      if let targetLossIncrease {
        guard let fraction = TargetOptions.number(targetLossIncrease, units: ["%": 0.01]), fraction > 0 else {
          throw ValidationError("--target-loss-increase is a percentage above 0, such as 2%")
        }
        return .lossIncrease(fraction)
      }
      if let targetMacs {
        guard let macs = TargetOptions.number(targetMacs, units: ["k": 1e3, "M": 1e6, "G": 1e9]), macs > 0 else {
          throw ValidationError("--target-macs is a number above 0, such as 1.9M")
        }
        return .macs(macs)
      }
      if let targetEnergy {
        guard let ratio = TargetOptions.number(targetEnergy, units: ["x": 1, "%": 0.01]), ratio > 0, ratio <= 1 else {
          throw ValidationError("--target-energy is a fraction above 0 and at most 1, such as 0.5x")
        }
        let profile = try ShippedDevices.text(named: device) ?? Files.read(device)
        return try naming(device) {
          .energy(EnergyGoal(target: try EnergyTarget(ratio: ratio), device: try Device(profile: profile), weights: weights?.format))
        }
      }
      return nil
    }
  }

  /// A number with or without a unit behind it.
  private static func number(_ text: String, units: [Character: Double]) -> Double? {
    guard let last = text.last else { return nil }
    let factor = units[last]
    guard let number = Double(factor == nil ? text : String(text.dropLast())), number.isFinite else { return nil }
    return number * (factor ?? 1)
  }
}
