extension Flow {
  /// Which values the logits need, directly or through states; and which states live.
  var liveness: (values: [Bool], states: [Bool]) {
    var values = [Bool](repeating: false, count: trace.values.count)
    var living = [Bool](repeating: false, count: states.count)
    var pending: [Int] = []
    func need(_ elements: [Element]) {
      // Neighbours mostly belong to one value, which is looked at once.
      var last: Int32 = -1
      for element in elements where element.value != last {
        last = element.value
        guard !values[Int(last)] else { continue }
        values[Int(last)] = true
        pending.append(Int(last))
      }
    }
    let holders = [Int: Int](states.enumerated().map { ($1.value, $0) }) { first, _ in first }
    need(logits)
    while let number = pending.popLast() {
      for operand in trace.values[number].source.operands { need(operand) }
      // A state that is read must be written, so what it is written from is needed too.
      if let state = holders[number], !living[state] {
        living[state] = true
        if states[state].input.pastAxis == nil { need(states[state].next) }
      }
    }
    return (values, living)
  }

  /// How often each value is read by what lives, an operand counting once.
  var readers: [Int] {
    let (values, living) = liveness
    var readers = [Int](repeating: 0, count: trace.values.count)
    // The last operand that each value was counted for.
    var counted = readers
    var operand = 0
    func count(_ elements: [Element]) {
      operand += 1
      for element in elements where counted[Int(element.value)] != operand {
        counted[Int(element.value)] = operand
        readers[Int(element.value)] += 1
      }
    }
    count(logits)
    for (number, isLive) in values.enumerated() where isLive { trace.values[number].source.operands.forEach(count) }
    for (state, lives) in zip(states, living) where lives && state.input.pastAxis == nil { count(state.next) }
    return readers
  }
}
