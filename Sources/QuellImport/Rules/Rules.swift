/// What a node does: from its inputs to its outputs, in one lane.
typealias Rule = @Sendable (Call) throws(ImportFailure) -> [Tensor?]

/// The operators by name, those of other domains than the standard one with the domain in front. A new operator is a new
/// entry in one of the tables.
enum Rules {
  static let all: [String: Rule] = [
    shapes, movement, gathering, elementwise, activations, logic, reductions, normalizations, products, einsums, convolutions,
    attention, rotary, thresholds, contributedFusions, quantization, contributedQuantization,
  ].reduce(into: [:]) { all, table in all.merge(table) { first, _ in first } }
}
