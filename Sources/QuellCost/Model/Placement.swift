import Quell

/// Which cores hold the weights of a program: matrices and tables in the order of their first use, each core filled before the
/// next; what is beyond the last core lies in the memory that cores share.
struct Placement {
  /// Bytes of all weights that are placed.
  private(set) var weightBytes = 0.0
  /// Cores that would hold all of them.
  private(set) var neededCores = 1
  /// Cores that are used.
  private(set) var cores = 1
  /// For each operation that reads weights the cores that hold them, and the fraction of them that cores hold.
  private var places: [Int: (cores: ClosedRange<Int>, held: Double)] = [:]

  init(_ outline: ProgramOutline, _ places: [ProgramOutline.Place], on device: Device, _ execution: Execution) {
    var ranges: [Int: Range<Double>] = [:]
    for (index, operation) in outline.operations.enumerated() where execution.components.contains(places[index].component) {
      guard let tensor = operation.weights, ranges[tensor] == nil else { continue }
      let bytes = outline.tensors[tensor].exactBytes
      ranges[tensor] = weightBytes..<weightBytes + bytes
      weightBytes += bytes
    }
    guard let memory = device.core.memory?.value else { return }
    neededCores = max(1, Int(min((weightBytes / memory).rounded(.up), 1e9)))
    cores = min(neededCores, execution.cores ?? .max, device.core.count.map { Int($0.value) } ?? .max)
    let capacity = Double(cores) * memory
    for (index, operation) in outline.operations.enumerated() {
      guard let tensor = operation.weights, let range = ranges[tensor], !range.isEmpty else { continue }
      let end = min(range.upperBound, capacity)
      // There can be more places for cores than there are whole numbers.
      let first = Int(min(range.lowerBound / memory, Double(cores - 1)))
      let last = max(first, Int(min((end / memory).rounded(.up), Double(cores))) - 1)
      let held = max(0, end - range.lowerBound) / (range.upperBound - range.lowerBound)
      self.places[index] = (first...last, held)
    }
  }

  /// The cores of the operation at a place of the program; the first one where weights decide nothing.
  func cores(of operation: Int) -> ClosedRange<Int> { places[operation]?.cores ?? 0...0 }

  /// The fraction of an operation's weights that lies in the memory that cores share.
  func shared(of operation: Int) -> Double { 1 - (places[operation]?.held ?? 1) }
}

extension Operation {
  /// The matrix or table that the operation reads.
  fileprivate var weights: Int? {
    switch self {
    case .linear(let tensor, _, _, _, _), .row(let tensor, _, _, _, _): tensor
    default: nil
    }
  }
}

extension TensorDescription {
  /// Bytes of its numbers, a part of a block counting as that part.
  var exactBytes: Double { Double(rows * columns) * Double(format.blockBytes) / Double(format.blockCount) }
}
