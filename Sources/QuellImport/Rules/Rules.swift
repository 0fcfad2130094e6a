/// What a node does: from its inputs to its outputs, in one lane.
typealias Rule = @Sendable (Call) throws(ImportFailure) -> [Tensor?]

/// The operators of the standard domain, by name. A new operator is a new entry in one of the tables.
enum Rules {
  static let all: [String: Rule] = [
    shapes, movement, gathering, elementwise, logic, reductions, products,
  ].reduce(into: [:]) { all, table in all.merge(table) { first, _ in first } }
}
