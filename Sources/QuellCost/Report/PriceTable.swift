import Quell

/// The prices of a device for `quell_cost_price`, as C source: so that firmware can account for itself.
public enum PriceTable {
  /// An array of a price for each kind of work. The time of work on vectors is that of vectors that fill all lanes.
  public static func source(of device: Device) -> String {
    var lines = [
      "/* \(device.name): \(CostReport.caution). Picojoules and nanoseconds of one unit on one core, by kind of work. */",
      "static const quell_price quell_prices[QUELL_WORK_KINDS] = {",
    ]
    for kind in WorkKind.allCases {
      let numbers = device.unitPrice(of: kind).map { "\($0.0), \($0.1), \($0.2), \($0.3)" } ?? "NAN, NAN, NAN, NAN"
      lines.append("    [QUELL_WORK_\("\(kind.name)".uppercased())] = {\(numbers)},")
    }
    return (["#include <math.h>", "#include <quell.h>", ""] + lines + ["};", ""]).joined(separator: "\n")
  }
}

extension Device {
  /// Picojoules and nanoseconds of compute and memory for one unit of work; nil where it has no price.
  func unitPrice(of kind: WorkKind) -> (Double, Double, Double, Double)? {
    guard let mix = mixes[kind] else { return nil }
    var price = (0.0, 0.0, 0.0, 0.0)
    let (nanoseconds, lanes) = (1e3 / megahertz, Double(laneCount))
    for (name, count) in mix {
      if let step = instructions[name] {
        price.0 += count * step.energy.value
        price.2 += count * step.cycles.value / lanes * nanoseconds
      } else if let step = controller[name] {
        price.0 += count * step.energy.value
        price.2 += count * step.cycles.value * nanoseconds
      } else if let step = accesses[name] {
        price.1 += count * step.energy.value
        price.3 += count * step.cycles.value / lanes * nanoseconds
      }
    }
    return price
  }
}
