import Quell

/// Writes a model in the form in which its weights can be fitted anew, in place: single precision, and for every site but the head's one
/// row of a matrix for each input, a bias at each linear operation, and where it is asked for a centre, which is subtracted before the
/// list of events is made. Biases and centres that were not there are zeros, so that the model computes what it did.
///
/// The tensor of a centre is called `NAME.centre` after its site. A matrix that serves twice, as a head that is the embedding table
/// does, stays as it is.
///
/// - Parameters:
///   - centredSites: The sites that get a centre.
///   - progress: Told how far the writing is, in bytes, and of how many; says whether to go on.
/// - Throws: `ImportFailure`, as an import does; also where matrices are quantised.
public func writeFittableModel(
  from path: String, to output: String, centredSites: Set<Int>,
  progress: @escaping (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
) throws(ImportFailure) {
  try rewriteModel(from: path, to: output, weights: .f32, progress: progress) { program, model throws(ImportFailure) in
    try requireFittable(model, path)
    FittableForm(model).apply(to: &program, centredSites)
  }
}

/// Refuses a model whose weights cannot be fitted, since they are quantised.
public func requireFittable(_ model: Model, _ path: String) throws(ImportFailure) {
  for tensor in model.tensors where tensor.format.takesScale || tensor.format == .int4 {
    throw .unsupported(
      "Tensor \"\(tensor.name)\" of \(path) is quantised, and weights are fitted before they are: compensate the f32 or f16 model, then "
        + "quantise the result with quell convert.")
  }
}

/// What a program needs so that its weights can be fitted anew.
private struct FittableForm {
  private let isHead: [Bool]

  init(_ model: Model) { isHead = model.sites.map(\.isHead) }

  func apply(to program: inout Program, _ centredSites: Set<Int>) {
    addBiases(to: &program)
    addCentres(to: &program, centredSites.filter { !isHead[$0] })
  }

  // MARK: Biases

  private func addBiases(to program: inout Program) {
    let uses = TensorUses(program.operations) { [values = program.values] in
      if case .weight(let tensor) = values[$0] { tensor } else { nil }
    }
    var site = 0
    for (index, operation) in program.operations.enumerated() {
      if case .events(let number, _) = operation { site = number }
      guard case .linear(let matrix, let layout, let bias, let scale, let result) = operation, !isHead[site], uses.isOnce(tensor: matrix)
      else { continue }
      let count = program.count(result)
      let own: Int
      if let bias, uses.isOnce(value: bias), case .weight(let tensor) = program.values[bias], uses.isOnce(tensor: tensor) {
        own = bias
      } else {
        var numbers = [Float](repeating: 0, count: count)
        if let bias, case .weight(let tensor) = program.values[bias] {
          numbers = program.tensors[tensor].weights.flatMap { $0.values.map { Float($0) } }
        }
        own = program.addVector(named: program.tensors[matrix].name + ".bias", numbers)
      }
      if layout == .outputMajor { program.tensors[matrix].weights = program.tensors[matrix].weights.map { $0.transposed } }
      program.operations[index] = .linear(matrix: matrix, layout: .inputMajor, bias: own, scale: scale, result: result)
    }
  }

  // MARK: Centres

  /// Puts a subtraction before the lists of events. What it makes lives until the next list, so one place in scratch memory serves all.
  private func addCentres(to program: inout Program, _ sites: Set<Int>) {
    let longest = program.operations.reduce(0) { longest, operation in
      guard case .events(let site, let source) = operation, sites.contains(site) else { return longest }
      return max(longest, program.count(source))
    }
    guard longest > 0 else { return }
    let buffer = program.addPlannedBuffer(longest)
    var operations: [Operation] = []
    /// The place of the chain that is being copied, and where it ends.
    var chain = (place: 0, end: -1)
    for (index, operation) in program.operations.enumerated() {
      if case .chain(let count, _) = operation { chain = (operations.count, index + count) }
      guard case .events(let site, let source) = operation, sites.contains(site) else {
        operations.append(operation)
        continue
      }
      let count = program.count(source)
      let centre = program.addVector(named: program.siteNames[site] + ".centre", [Float](repeating: 0, count: count))
      let result = program.addValue(.buffer(buffer, start: 0, count: count))
      if index > chain.end {
        operations.append(.chain(count: 2, elements: count))
      } else if case .chain(let members, let elements) = operations[chain.place], members < Operation.longestChain {
        operations[chain.place] = .chain(count: members + 1, elements: elements)
      } else {
        // No room: the list is made after the chain.
        operations[chain.place] = .chain(count: Operation.longestChain - 1, elements: count)
        operations.append(.chain(count: 2, elements: count))
      }
      operations.append(.binary(.subtract, left: source, right: centre, result: result))
      operations.append(.events(site: site, source: result))
    }
    program.operations = operations
  }
}
