/// What a conversion adds to the program of a model file.
extension Program {
  /// A vector of known numbers; returns its value. Its name gets an end of its own where it is taken.
  mutating func addVector(named name: String, _ numbers: [Float]) -> Int {
    var (free, number) = (name, 1)
    while tensors.contains(where: { $0.name == free }) {
      number += 1
      free = "\(name).\(number)"
    }
    let source = WeightSource(name: free, count: numbers.count) { numbers[$0] }
    tensors.append(Tensor(name: free, weights: [Weight(source, shape: [numbers.count])], form: .vector))
    return addValue(.weight(tensor: tensors.count - 1))
  }

  /// A value at a place of its own; returns its number.
  mutating func addValue(_ place: Place) -> Int {
    values.append(place)
    return values.count - 1
  }

  /// A buffer behind all others of a planned program.
  mutating func addPlannedBuffer(_ count: Int) -> Int {
    let start = (scratchSize + 15) / 16 * 16
    buffers.append(count)
    bufferOffsets.append(start)
    scratchSize = start + count
    return buffers.count - 1
  }
}
