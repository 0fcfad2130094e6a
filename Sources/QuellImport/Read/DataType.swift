/// The type of a tensor's elements, by ONNX's numbers.
enum DataType: Int, Sendable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16
  case uint4 = 21
  case int4 = 22
  case uint2 = 25
  case int2 = 26
  /// Packed as the model file has ternary numbers; ONNX has no such type.
  case ternary = 1000

  /// The type that a number in an ONNX file stands for, or nil where it is unknown.
  init?(inFile number: Int) {
    self.init(rawValue: number)
    if self == .ternary { return nil }
  }

  /// Bits of one element, 0 where they vary. Elements of less than a byte lie in it from the lowest bits up.
  var bits: Int {
    switch self {
    case .uint2, .int2, .ternary: 2
    case .uint4, .int4: 4
    case .uint8, .int8, .bool: 8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .float64, .int64, .uint64: 64
    case .string: 0
    }
  }

  /// Bytes of one element; 1 where several share one, 0 where they vary.
  var size: Int { (bits + 7) / 8 }

  /// Bytes of so many elements.
  func bytes(_ count: Int) -> Int { bits < 8 ? (count * bits + 7) / 8 : count * size }

  /// Whether elements are real numbers.
  var isReal: Bool {
    switch self {
    case .float32, .float16, .float64, .bfloat16: true
    default: false
    }
  }

  /// The least and the greatest number of the types that hold quantised numbers; nil for other types.
  var codeRange: ClosedRange<Int>? {
    switch self {
    case .uint2, .uint4, .uint8, .uint16: 0...(1 << bits - 1)
    case .ternary: -1...1
    case .int2, .int4, .int8, .int16: -(1 << (bits - 1))...(1 << (bits - 1) - 1)
    default: nil
    }
  }
}
