import Quell

/// The parts of a model that a price may cover or leave out.
public enum Component: String, CaseIterable, Sendable, Codable, Hashable {
  /// Rows of tables that the token and the position choose.
  case embedding
  /// Normalisations.
  case layerNorm = "layer_norm"
  /// Elementwise operations of chains that read or write recurrent state: token shift and the WKV recurrence.
  case wkv
  /// Attention over a key/value cache, its softmax among it.
  case attention
  /// All other elementwise operations: activations, gates, residual sums.
  case gates
  /// Sites and their linear operations, but for the head's.
  case linear
  /// The site and the linear operation that make logits.
  case head

  /// The components of a list of names.
  public static func list(_ names: [String], _ place: String) throws(CostFailure) -> [Component] {
    var components: [Component] = []
    for name in names {
      guard let component = Component(rawValue: name) else {
        throw .malformed("'\(name)' of '\(place)' is no component; known: \(allCases.map(\.rawValue).joined(separator: ", "))")
      }
      components.append(component)
    }
    return components
  }
}

extension ProgramOutline {
  /// Where an operation belongs.
  struct Place {
    var component: Component
    /// The site that the operation makes events of, or reads those of.
    var site: Int?
    /// The site that comes next, or the last one: tells the layer and the core of what lies between linear operations.
    var near: Int
  }

  /// The place of each operation.
  var places: [Place] {
    var places: [Place] = []
    var site: Int?
    var stateful = 0..<0
    for (index, operation) in operations.enumerated() {
      if case .chain(let count, _) = operation {
        let members = index + 1..<index + 1 + count
        if members.contains(where: { touchesState(operations[$0]) }) { stateful = members }
      }
      var place = Place(component: .gates, site: nil, near: -1)
      switch operation {
      case .row: place.component = .embedding
      case .normalize: place.component = .layerNorm
      case .attention: place.component = .attention
      case .events(let number, _):
        site = number
        place = Place(component: sites[number].isHead ? .head : .linear, site: number, near: -1)
      case .linear:
        if let site { place = Place(component: sites[site].isHead ? .head : .linear, site: site, near: -1) }
      default: if stateful.contains(index) || touchesState(operation) { place.component = .wkv }
      }
      places.append(place)
    }
    var near = max(sites.count - 1, 0)
    for index in places.indices.reversed() {
      if let site = places[index].site { near = site }
      places[index].near = near
    }
    return places
  }

  private func touchesState(_ operation: Operation) -> Bool {
    var touches = false
    operation.forEachValue { value, _ in touches = touches || values[value].storage == .state }
    return touches
  }
}
