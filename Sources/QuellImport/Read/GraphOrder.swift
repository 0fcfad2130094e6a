extension ONNXGraph {
  /// The numbers of the nodes in an order in which everything is defined before it is read; as they stand where that is one.
  ///
  /// Throws where nodes wait for each other.
  func sortedNodes() throws(ImportFailure) -> [Int] {
    var makers: [String: Int] = [:]
    for (number, node) in nodes.enumerated() {
      for name in node.outputs where !name.isEmpty { makers[name] = number }
    }
    var order: [Int] = []
    var isDone = [Bool](repeating: false, count: nodes.count)
    var isOpen = isDone
    for start in nodes.indices {
      // A stack of our own: graphs can be deeper than the thread's.
      var stack = [start]
      while let number = stack.last {
        if isDone[number] {
          stack.removeLast()
          continue
        }
        let waiting = (nodes[number].inputs + nodes[number].captured).compactMap { makers[$0] }.filter { !isDone[$0] }
        if waiting.isEmpty {
          isDone[number] = true
          order.append(number)
          stack.removeLast()
          continue
        }
        guard !isOpen[number] else { throw .malformed("\(nodes[number].title) depends on its own result: the graph has a cycle.") }
        isOpen[number] = true
        stack.append(contentsOf: waiting.reversed())
      }
    }
    return order
  }
}
