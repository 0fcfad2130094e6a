import ArgumentParser

/// A way to make a model sparse; docs/THRESHOLDS.md describes them.
enum CalibrationMethod: String, CaseIterable, ExpressibleByArgument, Codable {
  case allocate
  case compensate
  case uniform
  case sequential
}
