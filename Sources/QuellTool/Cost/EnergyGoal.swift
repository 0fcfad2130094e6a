import Quell
import QuellCost

/// A fraction of the dense energy on a device that a calibration is to reach.
struct EnergyGoal {
  let target: EnergyTarget
  let device: Device
  /// What weights are priced as; nil for as they are.
  let weights: WeightFormat?

  /// Finds the sparsity at which a model takes the energy with the thresholds that a calibration gives for it.
  func sparsity(of model: Model, _ windows: [ArraySlice<UInt32>], thresholds: (_ sparsity: Double) throws -> [Float]) throws -> Double {
    try target.search { try ratio(model, windows, thresholds($0)) }.setting
  }

  /// The fraction of the dense energy that a model with thresholds takes on a text, as `quell cost` tells it.
  private func ratio(_ model: Model, _ windows: [ArraySlice<UInt32>], _ thresholds: [Float]) throws -> Double {
    let length = windows.reduce(1) { max($0, $1.count - 1) }
    let measurement = try CostMeasurement(model, thresholds: thresholds, for: device, contextLength: length, withNatural: false)
    for window in windows { try measurement.take(window.dropLast()) { try Interruption.check() } }
    var subject = measurement.subject(name: model.name, fingerprint: fingerprintDigits(model.fingerprint), thresholds: "")
    if let weights { subject.outline = subject.outline.storing(weights) }
    let report = try CostReport(subject, on: device, Execution(on: device))
    return 1 - (report.saving(\.energyUj, against: .dense) ?? 0)
  }
}
