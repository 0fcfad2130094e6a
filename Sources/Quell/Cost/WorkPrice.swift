import CQuell

extension quell_price {
  /// Nothing.
  static var zero: quell_price { quell_price(energy_compute: 0, energy_memory: 0, time_compute: 0, time_memory: 0) }

  /// Whether all four are finite numbers of at least 0.
  var isPrice: Bool { parts.allSatisfy { $0.isFinite && $0 >= 0 } }

  /// Whether none is a number: what stands for work that has no price.
  var isMissing: Bool { parts.allSatisfy { $0.isNaN } }

  /// The price of so many units.
  mutating func add(_ price: quell_price, times units: Double) {
    energy_compute += units * price.energy_compute
    energy_memory += units * price.energy_memory
    time_compute += units * price.time_compute
    time_memory += units * price.time_memory
  }

  private var parts: [4 of Double] { [energy_compute, energy_memory, time_compute, time_memory] }
}

extension InlineArray where Element == Double {
  fileprivate func allSatisfy(_ condition: (Double) -> Bool) -> Bool {
    for index in indices where !condition(self[index]) { return false }
    return true
  }
}

/// What work costs, units and prices by kind. Work whose kind has no price is refused, never free.
func priceOfWork(
  _ units: UnsafeBufferPointer<UInt64>, _ prices: UnsafeBufferPointer<quell_price>
) throws(Failure) -> quell_price {
  var total = quell_price.zero
  for kind in 0..<units.count {
    let price = prices[kind]
    guard price.isPrice || price.isMissing else {
      throw Failure(QUELL_INVALID_ARGUMENT, "the price of ").then(name(ofKind: kind)).then(" is not made of finite numbers of at least 0")
    }
    guard units[kind] > 0 else { continue }
    guard !price.isMissing else {
      throw Failure(QUELL_UNSUPPORTED, "there is work of the kind ").then(name(ofKind: kind)).then(", but no price for it")
    }
    total.add(price, times: Double(units[kind]))
  }
  return total
}

private func name(ofKind kind: Int) -> StaticString { WorkKind(rawValue: UInt32(kind))?.name ?? "of a newer library" }
