/// A tensor put together from elements of others: what concatenating, gathering and scattering come down to.
struct Picks {
  /// The tensors that elements come from.
  var tensors: [Tensor]
  /// For every element of the result: which tensor, and where in it, row-major.
  var choices: [(tensor: Int32, index: Int32)] = []

  init(_ tensors: [Tensor]) {
    self.tensors = tensors
  }

  mutating func append(_ tensor: Int, _ index: Int) {
    choices.append((Int32(truncatingIfNeeded: tensor), Int32(truncatingIfNeeded: index)))
  }

  /// The result. Known numbers stay known as long as nothing computed is among them.
  func assembled(shape: [Int], in call: Call) -> Tensor {
    var used = [Bool](repeating: false, count: tensors.count)
    for choice in choices { used[Int(choice.tensor)] = true }
    let type = tensors[0].type
    if zip(used, tensors).allSatisfy({ !$0 || $1.isKnown }) {
      if type.isReal {
        let numbers = tensors.enumerated().map { used[$0.offset] ? $0.element.knownReals ?? [] : [] }
        return .reals(Weight(choices.map { numbers[Int($0.tensor)][Int($0.index)] }, shape: shape, type: type))
      }
      let numbers = tensors.map { $0.knownIntegers ?? [] }
      if zip(used, numbers).allSatisfy({ !$0 || !$1.isEmpty }) {
        let values = choices.map { Int64(numbers[Int($0.tensor)][Int($0.index)]) }
        return .integers(Tensor.Integers(shape: shape, values: values, type: type))
      }
    }
    let elements = tensors.enumerated().map {
      used[$0.offset] ? call.lane.elements(of: $0.element, node: call.number) : []
    }
    return call.dynamic(choices.map { elements[Int($0.tensor)][Int($0.index)] }, shape: shape, type: type)
  }
}
