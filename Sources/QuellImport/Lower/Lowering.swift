import Quell

/// Turns the arithmetic of a step into operations over vectors.
struct Lowering {
  private static let mostRuns = 4096
  /// A stretch of new state that lies in more pieces is brought together before it is written.
  private static let mostStateRuns = 16

  private let flow: Flow
  private let nodes: [ONNXNode]
  private let live: [Bool]
  private let state: StateLayout
  /// Whether a value of the trace is what a cache holds.
  private let isCached: [Bool]
  private var siteNames = SiteNames()
  var program = Program()
  /// Where the results of the values of the trace lie, as far as they have been lowered.
  private var results: [Program.Place?]
  private var valueNumbers: [Program.Place: Int] = [:]
  private var gathered: [VectorKey: Int] = [:]
  private var constants: [[UInt32]: Int] = [:]
  private var matrices = StoredMatrices()
  private var tensorNames: Set<String> = []
  /// Linear operations by their site: they share one list of events.
  private var sharing: [SiteInput: [Int]] = [:]
  private let heads: Set<Int>
  private let titles: [Int: String]

  /// The program of a flow, its scratch memory not yet planned.
  static func lower(_ flow: Flow, nodes: [ONNXNode]) throws(ImportFailure) -> Program {
    var lowering = Lowering(flow, nodes)
    try lowering.run()
    return lowering.program
  }

  private init(_ flow: Flow, _ nodes: [ONNXNode]) {
    self.flow = flow
    self.nodes = nodes
    live = flow.liveness.values
    results = [Program.Place?](repeating: nil, count: flow.trace.values.count)
    let state = StateLayout(flow)
    self.state = state
    isCached = live.indices.map { if case .state = flow.trace.values[$0].source { state.places[$0] == nil } else { false } }
    heads = flow.heads
    titles = LinearTitles(flow, heads: heads, nodes: nodes).titles
    for (number, isLive) in live.enumerated() where isLive {
      if let site = site(of: number) { sharing[site, default: []].append(number) }
    }
  }

  private mutating func run() throws(ImportFailure) {
    program.vocabularySize = flow.logits.count
    program.stateSize = state.size
    program.fills = state.fills
    for (number, isLive) in live.enumerated() where isLive && results[number] == nil { try lower(number) }
    program.logits = try operand(flow.logits)
    if case .buffer = program.values[program.logits] {} else { program.logits = copied(program.logits) }
    try writeStates()
    try checkContext()
    program.nameRepeatedSites()
  }

  // MARK: Operations

  private mutating func lower(_ number: Int) throws(ImportFailure) {
    let value = flow.trace.values[number]
    guard value.source.operands.allSatisfy({ $0.allSatisfy { !isCached[Int($0.value)] } }) else {
      throw .unsupported(
        "\(title(value)) is no part of an attention over cached keys and values that could be recognised; "
          + "export one decoding step with past keys and values.")
    }
    switch value.source {
    case .token, .state, .constant: return
    case .position:
      program.operations.append(.position(result: newResult(number)))
    case .row(let table, let source, let add):
      let tensor = matrix(table, nodeOf: value)
      let result = newResult(number)
      program.operations.append(.row(table: tensor, source: source, add: add, result: result, scale: nil))
      if source == .position {
        let rows = table.shape[0] - add
        program.contextLength = program.contextLength == 0 ? rows : min(program.contextLength, rows)
      }
    case .unary(let function, let source):
      let operand = try operand(source)
      program.operations.append(.unary(function, source: operand, result: newResult(number)))
    case .binary(let function, let left, let right):
      let operands = (try scalarOrVector(left), try scalarOrVector(right))
      program.operations.append(.binary(function, left: operands.0, right: operands.1, result: newResult(number)))
    case .normalize(let kind, let source, let gain, let bias, let epsilon):
      let operand = try operand(source)
      let (gain, bias) = (try vector(gain), try vector(bias))
      program.operations.append(
        .normalize(kind, source: operand, gain: gain, bias: bias, epsilon: epsilon, result: newResult(number)))
    case .linear:
      guard let site = site(of: number) else { return }
      try lowerLinears(sharing[site] ?? [number], site)
    case .attention(let attention):
      let operands = (try operand(attention.query), try operand(attention.key), try operand(attention.value))
      program.caches.append(
        Program.Cache(keyWidth: attention.key.count, valueWidth: attention.value.count, heads: attention.cacheHeads))
      program.operations.append(
        .attention(
          query: operands.0, key: operands.1, value: operands.2, cache: program.caches.count - 1, heads: attention.heads,
          scale: attention.scale, result: newResult(number)))
    case .windowRow:
      throw .unsupported("\(title(value)) looks up several positions at once.")
    case .opaque(_, let reason):
      throw .unsupported(reason)
    case .choice(let condition, let left, let right):
      let operands = (try scalarOrVector(condition), try scalarOrVector(left), try scalarOrVector(right))
      program.operations.append(
        .choose(condition: operands.0, left: operands.1, right: operands.2, result: newResult(number)))
    case .reduce(let function, let source, let group):
      try lowerReduction(function, source, group: group, to: newResult(number))
    case .mean(let source, let group):
      try lowerMean(source, group: group, to: newResult(number))
    case .softmax(let source, let group):
      try lowerSoftmax(source, group: group, to: newResult(number))
    case .product(let product):
      try lowerProduct(product, to: newResult(number))
    }
  }

  /// The site of a linear operation; nil for any other.
  private func site(of number: Int) -> SiteInput? {
    guard case .linear(_, let input, _) = flow.trace.values[number].source else { return nil }
    return SiteInput(elements: input, threshold: flow.thresholds[number] ?? 0)
  }

  /// Linear operations at one site: one list of events, then each of them, those that can be as one.
  private mutating func lowerLinears(_ numbers: [Int], _ input: SiteInput) throws(ImportFailure) {
    let source = try operand(input.elements)
    let groups = LinearGroups(numbers, flow.trace, heads: heads, stored: matrices).groups
    let site = program.siteNames.count
    let names = siteNames.add(numbers.map { titles[$0] ?? "" }, isHead: numbers.contains { heads.contains($0) })
    program.siteNames.append(names.name)
    program.siteKinds.append(names.kind)
    program.siteThresholds.append(input.threshold)
    program.siteFeeds.append((flow.feeds[input] ?? []).sorted().map { (nodes[$0.node], $0.input) })
    program.operations.append(.events(site: site, source: source))
    for group in groups {
      let named = group.numbers.compactMap { titles[$0] }.filter { !$0.isEmpty }
      let title = named.isEmpty ? names.name : SiteNames.joined(named)
      let (tensor, layout) = linearMatrix(group.weights, named: title)
      let bias = try bias(of: group, named: title)
      let result = newBuffer(group.outputs)
      guard case .buffer(let buffer, _, _) = result else { continue }
      var start = 0
      for number in group.numbers {
        let count = flow.trace.values[number].count
        results[number] = .buffer(buffer, start: start, count: count)
        start += count
      }
      program.operations.append(.linear(matrix: tensor, layout: layout, bias: bias, scale: nil, result: valueNumber(result)))
    }
  }

  /// The biases of linear operations that are one, one after another.
  private mutating func bias(of group: LinearGroups.Group, named title: String) throws(ImportFailure) -> Int? {
    if group.numbers.count == 1 { return try vector(group.biases[0]) }
    guard group.biases.contains(where: { $0 != nil }) else { return nil }
    var numbers: [Float] = []
    for (bias, weight) in zip(group.biases, group.weights) {
      numbers += bias.map { known($0) } ?? [Float](repeating: 0, count: weight.shape[1])
    }
    return constant(numbers, named: title + ".bias")
  }

  private mutating func newResult(_ number: Int) -> Int {
    let count = flow.trace.values[number].count
    let place = newBuffer(count)
    results[number] = place
    return valueNumber(place)
  }

  /// A value of a buffer of its own.
  mutating func temporary(_ count: Int) -> Int { valueNumber(newBuffer(count)) }

  private mutating func newBuffer(_ count: Int) -> Program.Place {
    program.buffers.append(count)
    return .buffer(program.buffers.count - 1, start: 0, count: count)
  }

  private mutating func valueNumber(_ place: Program.Place) -> Int {
    if let number = valueNumbers[place] { return number }
    program.values.append(place)
    valueNumbers[place] = program.values.count - 1
    return program.values.count - 1
  }

  // MARK: Operands

  /// An operand of an operation that reads one number for all where all are the same.
  private mutating func scalarOrVector(_ elements: [Element]) throws(ImportFailure) -> Int {
    if let first = elements.first, elements.count > 1 {
      if elements.allSatisfy({ $0 == first }) { return try operand([first]) }
      if let numbers = flow.trace.numbers(of: elements), numbers.allSatisfy({ $0 == numbers[0] }) { return try operand([first]) }
    }
    return try operand(elements)
  }

  private mutating func vector(_ elements: [Element]?) throws(ImportFailure) -> Int? {
    guard let elements else { return nil }
    return try operand(elements)
  }

  /// The value that holds a list of elements: a part of where they are already, a stored vector, or a copy.
  mutating func operand(_ elements: [Element]) throws(ImportFailure) -> Int {
    if let place = contiguous(elements) { return valueNumber(place) }
    if let numbers = flow.trace.numbers(of: elements) { return constant(numbers.map { Float($0) }, of: elements) }
    if let number = gathered[VectorKey(elements)] { return number }
    let locations = elements.compactMap { location($0) }
    guard locations.count == elements.count else {
      throw .unsupported("The logits or the states are cached keys and values; export one decoding step with past keys and values.")
    }
    let runs = StridedRuns.split(locations)
    let number: Int
    let period = StridedRuns.interleaving(locations, runs: runs.count)
    if period > 1 {
      let source = try operand(StridedRuns.deinterleaved(elements, by: period))
      number = temporary(elements.count)
      let order = Arrangement(rows: 1, columns: period, blockStep: 1, rowStep: 0, columnStep: elements.count / period)
      program.operations.append(.arrange(source: source, order, result: number))
    } else {
      guard runs.count <= Lowering.mostRuns else {
        let value = flow.trace.values[Int(elements[0].value)]
        throw .unsupported("The result of \(title(value)) is read in an order that would take more than \(Lowering.mostRuns) copies.")
      }
      number = gather(runs, elements)
    }
    gathered[VectorKey(elements)] = number
    return number
  }

  /// A buffer filled run by run.
  private mutating func gather(_ runs: [StridedRuns.Run], _ elements: [Element]) -> Int {
    let place = newBuffer(elements.count)
    guard case .buffer(let buffer, _, _) = place else { return 0 }
    for run in runs {
      let result = valueNumber(.buffer(buffer, start: run.range.lowerBound, count: run.range.count))
      let source: Int
      switch run.first.space {
      case .known:
        let elements = Array(elements[run.range])
        source = constant(known(elements), of: elements)
      case .state: source = valueNumber(.state(offset: run.first.offset, count: run.reach))
      case .buffer(let other): source = valueNumber(.buffer(other, start: run.first.offset, count: run.reach))
      }
      program.operations.append(
        run.isContiguous || run.first.space == .known
          ? .copy(source: source, result: result) : .arrange(source: source, run.order, result: result))
    }
    return valueNumber(place)
  }

  /// Where an element lies, or nil for what a cache holds.
  func location(_ element: Element) -> StridedRuns.Location? {
    if case .buffer(let buffer, let start, _)? = results[Int(element.value)] {
      return .init(space: .buffer(buffer), offset: start + Int(element.index))
    }
    if let places = state.places[Int(element.value)] { return .init(space: .state, offset: Int(places[Int(element.index)])) }
    return flow.trace.known(element) == nil ? nil : .init(space: .known, offset: 0)
  }

  private func isNext(_ element: Element, _ next: Element) -> Bool {
    switch (place(element), place(next)) {
    case (.state(let first, _), .state(let second, _)): second == first + 1
    case (.buffer(let buffer, let first, _), .buffer(let other, let second, _)): buffer == other && second == first + 1
    default: false
    }
  }

  /// Where one element is, or nil where it is not computed.
  private func place(_ element: Element) -> Program.Place? {
    if case .buffer(let buffer, let start, _)? = results[Int(element.value)] {
      return .buffer(buffer, start: start + Int(element.index), count: 1)
    }
    return state.places[Int(element.value)].map { .state(offset: Int($0[Int(element.index)]), count: 1) }
  }

  /// The place of elements that lie together, or nil where they do not.
  private func contiguous(_ elements: [Element]) -> Program.Place? {
    guard let first = elements.first, let place = place(first) else { return nil }
    var start = 0
    while start < elements.count {
      // A stretch of one value is looked at as one.
      let value = elements[start].value
      let end = elements[start...].firstIndex { $0.value != value } ?? elements.count
      guard liesTogether(elements, start..<end, of: Int(value), with: place) else { return nil }
      start = end
    }
    return switch place {
    case .state(let offset, _): .state(offset: offset, count: elements.count)
    case .buffer(let buffer, let start, _): .buffer(buffer, start: start, count: elements.count)
    case .weight: nil
    }
  }

  /// Whether a stretch of elements, all of one value, lies where the place of the first one of all says.
  private func liesTogether(_ elements: [Element], _ stretch: Range<Int>, of value: Int, with place: Program.Place) -> Bool {
    switch (place, results[value]) {
    case (.buffer(let buffer, let first, _), .buffer(let other, let start, _)?):
      return other == buffer && stretch.allSatisfy { start + Int(elements[$0].index) == first + $0 }
    case (.state(let first, _), nil):
      guard let places = state.places[value] else { return false }
      return stretch.allSatisfy { Int(places[Int(elements[$0].index)]) == first + $0 }
    default: return false
    }
  }

  // MARK: Stored tensors

  /// A stored vector of the numbers that known elements are.
  private mutating func constant(_ numbers: [Float], of elements: [Element]) -> Int {
    let title = flow.trace.name(of: elements).map { SiteNames.path($0, keepsLast: true).joined(separator: ".") } ?? ""
    return constant(numbers, named: title.isEmpty ? "constant" : title)
  }

  private func known(_ elements: [Element]) -> [Float] { (flow.trace.numbers(of: elements) ?? []).map { Float($0) } }

  /// A stored vector; equal ones are stored once.
  mutating func constant(_ numbers: [Float], named title: String) -> Int {
    let key = numbers.map { $0.bitPattern }
    if let tensor = constants[key] { return valueNumber(.weight(tensor: tensor)) }
    let weight = Weight(numbers.map { Double($0) }, shape: [numbers.count], type: .float32)
    let tensor = addTensor(title, [weight], .vector)
    constants[key] = tensor
    return valueNumber(.weight(tensor: tensor))
  }

  /// A table or matrix stored with its first axis as rows.
  private mutating func matrix(_ weight: Weight, nodeOf value: Trace.Value) -> Int {
    if let found = matrices.find([weight], as: [.outputMajor]) { return found.tensor }
    let title = SiteNames.title(weight, nil, node(value))
    let tensor = addTensor(title.isEmpty ? "table" : title, [weight], .matrix)
    matrices.add([weight], tensor: tensor, layout: .outputMajor)
    return tensor
  }

  /// The matrix of a linear operation, outputs side by side: a table that is stored already serves as it is, rows being outputs.
  private mutating func linearMatrix(_ weights: [Weight], named title: String) -> (tensor: Int, layout: MatrixLayout) {
    let rows = weights.map { $0.transposed }
    if let found = matrices.find(rows, as: [.outputMajor, .inputMajor]) { return found }
    let tensor = addTensor(title, weights, .matrix)
    matrices.add(rows, tensor: tensor, layout: .inputMajor)
    return (tensor, .inputMajor)
  }

  private mutating func addTensor(_ title: String, _ weights: [Weight], _ form: Program.Tensor.Form) -> Int {
    // GGUF readers of the ggml family cut names at 63 bytes.
    let base = String(decoding: Array(title.utf8.suffix(52)), as: UTF8.self)
    var name = base
    var number = 1
    while !tensorNames.insert(name).inserted {
      number += 1
      name = "\(base).\(number)"
    }
    program.tensors.append(Program.Tensor(name: name, weights: weights, form: form))
    return program.tensors.count - 1
  }

  // MARK: The end of the step

  /// Copies what states become, after everything that reads what they were.
  private mutating func writeStates() throws(ImportFailure) {
    var copies: [(source: Int, result: Int)] = []
    for next in flow.states {
      guard next.input.pastAxis == nil, let places = state.places[next.value] else { continue }
      var pairs: [(place: Int, element: Element)] = []
      for (index, place) in places.enumerated() where place >= 0 { pairs.append((Int(place), next.next[index])) }
      pairs.sort { $0.place < $1.place }
      var start = 0
      while start < pairs.count {
        var end = start + 1
        var runs = 1
        while end < pairs.count, pairs[end].place == pairs[end - 1].place + 1 {
          if !continues(pairs[end - 1].element, pairs[end].element) { runs += 1 }
          end += 1
        }
        // Many short runs are brought together first; a few are copied each from where it is.
        if runs > Lowering.mostStateRuns {
          try add(pairs[start..<end], to: &copies)
        } else {
          var first = start
          for at in start + 1...end where at == end || !continues(pairs[at - 1].element, pairs[at].element) {
            try add(pairs[first..<at], to: &copies)
            first = at
          }
        }
        start = end
      }
    }
    // What comes from state itself is set aside first, before any of it is overwritten.
    for index in copies.indices {
      if case .state = program.values[copies[index].source] { copies[index].source = copied(copies[index].source) }
    }
    for copy in copies { program.operations.append(.copy(source: copy.source, result: copy.result)) }
  }

  /// Notes that a run of state becomes other elements.
  private mutating func add(
    _ pairs: ArraySlice<(place: Int, element: Element)>, to copies: inout [(source: Int, result: Int)]
  ) throws(ImportFailure) {
    guard let first = pairs.first else { return }
    let source = try operand(pairs.map { $0.element })
    let result = valueNumber(.state(offset: first.place, count: pairs.count))
    if source != result { copies.append((source, result)) }
  }

  private func continues(_ element: Element, _ next: Element) -> Bool {
    isNext(element, next) || flow.trace.known(element) != nil && flow.trace.known(next) != nil
  }

  private mutating func copied(_ source: Int) -> Int {
    let result = temporary(program.count(source))
    program.operations.append(.copy(source: source, result: result))
    return result
  }

  private func checkContext() throws(ImportFailure) {
    guard
      let table = program.operations.compactMap({ operation -> Int? in
        if case .row(let table, .token, _, _, _) = operation { table } else { nil }
      }).first
    else { throw .unsupported("The logits do not depend on a row of a table that the token chooses.") }
    let rows = program.tensors[table].shape[0]
    guard rows >= program.vocabularySize else {
      throw .unsupported("The model gives \(program.vocabularySize) logits, but the token's table has only \(rows) rows.")
    }
  }

  private func node(_ value: Trace.Value) -> ONNXNode? {
    nodes.indices.contains(value.node) ? nodes[value.node] : nil
  }

  private func title(_ value: Trace.Value) -> String {
    node(value)?.title ?? "An input"
  }
}

extension Flow {
  /// The linear operations that make the logits, possibly scaled or shifted afterwards.
  fileprivate var heads: Set<Int> {
    var heads: Set<Int> = []
    var seen: Set<Int32> = []
    var pending = logits.map { $0.value }
    while let value = pending.popLast() {
      guard seen.insert(value).inserted else { continue }
      switch trace.values[Int(value)].source {
      case .linear: heads.insert(Int(value))
      case .unary(_, let source): pending += source.map { $0.value }
      case .binary(_, let left, let right): pending += left.map { $0.value } + right.map { $0.value }
      default: break
      }
    }
    return heads
  }
}
