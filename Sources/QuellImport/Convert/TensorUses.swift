import Quell

/// How many operands of a program each value and each tensor is: what serves twice cannot be changed for one of its readers.
struct TensorUses {
  private let values: [Int: Int]
  private let tensors: [Int: Int]

  /// Counts over operations; `tensor` gives the tensor that a value's numbers are stored in, or nil where they are computed.
  init(_ operations: [Operation], tensor: (_ value: Int) -> Int?) {
    var (values, tensors) = ([Int: Int](), [Int: Int]())
    for operation in operations {
      switch operation {
      case .linear(let matrix, _, _, _, _), .row(let matrix, _, _, _, _): tensors[matrix, default: 0] += 1
      default: break
      }
      for value in operation.reads {
        values[value, default: 0] += 1
        if let stored = tensor(value) { tensors[stored, default: 0] += 1 }
      }
    }
    (self.values, self.tensors) = (values, tensors)
  }

  /// Whether a tensor is one operand and no more.
  func isOnce(tensor: Int) -> Bool { tensors[tensor] == 1 }

  /// Whether a value is one operand and no more.
  func isOnce(value: Int) -> Bool { values[value] == 1 }
}
