import Quell

/// The metrics of NeuroBench (Yik et al., arXiv 2304.04640) under their own names, as its package defines them.
///
/// Its tokens are samples. Linear operations alone count, as in the package; synaptic operations are those in which neither the input nor the
/// weight is zero.
public struct NeuroBench: Encodable, Sendable {
  struct SynapticOperations: Encodable {
    let effectiveMACs: Double
    let effectiveACs: Double
    let dense: Double

    enum CodingKeys: String, CodingKey {
      case effectiveMACs = "Effective_MACs"
      case effectiveACs = "Effective_ACs"
      case dense = "Dense"
    }
  }

  let footprint: Int
  let connectionSparsity: Double
  let activationSparsity: Double
  let synapticOperations: SynapticOperations

  enum CodingKeys: String, CodingKey {
    case footprint = "Footprint"
    case connectionSparsity = "ConnectionSparsity"
    case activationSparsity = "ActivationSparsity"
    case synapticOperations = "SynapticOperations"
  }
}

extension NeuroBench {
  /// The metrics of what a session has done since its counters were last set to zero, the events of its inputs having been counted.
  public init(_ session: Session) {
    let model = session.model
    let sites = model.sites
    let activities = sites.indices.map { session.activity(ofSite: $0) }
    let events = sites.indices.map { session.inputEvents(ofSite: $0) }
    var (weights, zeros, macs, acs, dense) = (0.0, 0.0, 0.0, 0.0, 0.0)
    var site = 0
    for operation in model.operations {
      if case .events(let number, _) = operation { site = number }
      guard case .linear(let matrix, let layout, _, _, let result) = operation else { continue }
      let outputs = model.values[result].count
      let nonzero = model.nonzeroWeights(ofMatrix: matrix, layout)
      weights += Double(sites[site].inputs * outputs)
      zeros += nonzero.reduce(0) { $0 + Double(outputs - $1) }
      let effective = zip(events[site], nonzero).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      let activity = activities[site]
      let binary = activity.events == 0 ? 0 : activity.binaryEvents / activity.events
      macs += effective * (1 - binary)
      acs += effective * binary
      dense += activity.visits * Double(sites[site].inputs * outputs)
    }
    let tokens = max(session.activity.tokens, 1)
    // The head's input is no activation function's output.
    let activated = zip(sites, activities).filter { !$0.0.isHead }
    let inputs = activated.reduce(0.0) { $0 + Double($1.0.inputs) * $1.1.visits }
    footprint = model.tensors.reduce(0) { $0 + $1.byteCount }
    connectionSparsity = weights == 0 ? 0 : (zeros / weights * 1e4).rounded() / 1e4
    activationSparsity = inputs == 0 ? 0 : 1 - activated.reduce(0) { $0 + $1.1.events } / inputs
    synapticOperations = SynapticOperations(effectiveMACs: macs / tokens, effectiveACs: acs / tokens, dense: dense / tokens)
  }
}
