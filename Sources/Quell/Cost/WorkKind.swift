/// The kinds of elementary work that a program comes to, each of which a device has a price for.
///
/// One unit is what is done for one number: a multiply-accumulate, an element of a vector, an event.
public enum WorkKind: UInt32, CaseIterable, Sendable {
  /// A weight of the format is read, multiplied by what an event carries, and added to an output.
  case multiplyAccumulateF32 = 0
  case multiplyAccumulateF16
  case multiplyAccumulateBF16
  case multiplyAccumulateInt8
  case multiplyAccumulateInt4
  /// The same for an event that carries 1 or -1: nothing is multiplied.
  case accumulateF32
  case accumulateF16
  case accumulateBF16
  case accumulateInt8
  case accumulateInt4
  /// A number of a table's row is read and stored.
  case lookUpF32
  case lookUpF16
  case lookUpBF16
  case lookUpInt8
  case lookUpInt4

  /// What has been summed of an output is read, and stored again, once for each group of events.
  case sum
  /// An output is begun and finished: cleared, scaled, biased.
  case output
  /// An input is compared with its site's threshold.
  case compareInput
  /// An event is put into the list or the queue.
  case emitEvent
  /// An event is taken out of it, and the walk over its weights is set up.
  case takeEvent

  /// A multiply-accumulate with a cached key or value.
  case attend

  /// An element of a vector goes through a function: operands are read, a result is stored.
  case copy
  case negate
  case exponential
  case rectify
  case sigmoid
  case squareRoot
  case sine
  case cosine
  case hyperbolicTangent
  case errorFunction
  case logarithm
  case absolute
  case add
  case subtract
  case multiply
  case divide
  case maximum
  case minimum
  case threshold
  case choose

  /// A ternary weight is read, and what an event carries is added to an output, subtracted from it, or neither.
  case multiplyAccumulateTernary
  case lookUpTernary
  case round

  /// The same in all interfaces: what profiles of devices and reports call it.
  public var name: StaticString {
    switch self {
    case .multiplyAccumulateF32: "mac_f32"
    case .multiplyAccumulateF16: "mac_f16"
    case .multiplyAccumulateBF16: "mac_bf16"
    case .multiplyAccumulateInt8: "mac_int8"
    case .multiplyAccumulateInt4: "mac_int4"
    case .accumulateF32: "ac_f32"
    case .accumulateF16: "ac_f16"
    case .accumulateBF16: "ac_bf16"
    case .accumulateInt8: "ac_int8"
    case .accumulateInt4: "ac_int4"
    case .lookUpF32: "lookup_f32"
    case .lookUpF16: "lookup_f16"
    case .lookUpBF16: "lookup_bf16"
    case .lookUpInt8: "lookup_int8"
    case .lookUpInt4: "lookup_int4"
    case .sum: "sum"
    case .output: "output"
    case .compareInput: "compare_input"
    case .emitEvent: "emit_event"
    case .takeEvent: "take_event"
    case .attend: "attend"
    case .copy: "copy"
    case .negate: "negate"
    case .exponential: "exponential"
    case .rectify: "rectify"
    case .sigmoid: "sigmoid"
    case .squareRoot: "square_root"
    case .sine: "sine"
    case .cosine: "cosine"
    case .hyperbolicTangent: "hyperbolic_tangent"
    case .errorFunction: "error_function"
    case .logarithm: "logarithm"
    case .absolute: "absolute"
    case .add: "add"
    case .subtract: "subtract"
    case .multiply: "multiply"
    case .divide: "divide"
    case .maximum: "maximum"
    case .minimum: "minimum"
    case .threshold: "threshold"
    case .choose: "choose"
    case .multiplyAccumulateTernary: "mac_ternary"
    case .lookUpTernary: "lookup_ternary"
    case .round: "round"
    }
  }
}

extension WorkKind {
  /// How many kinds there are.
  public static let count = Int(WorkKind.round.rawValue) + 1

  /// A multiply-accumulate with a weight of a format.
  public static func multiplyAccumulate(_ format: WeightFormat) -> WorkKind {
    multiplyAccumulateF32.at(format, or: .multiplyAccumulateTernary)
  }

  /// An accumulate of a weight of a format. With a ternary one nothing is ever multiplied.
  public static func accumulate(_ format: WeightFormat) -> WorkKind { accumulateF32.at(format, or: .multiplyAccumulateTernary) }

  /// A number of a table of a format.
  public static func lookUp(_ format: WeightFormat) -> WorkKind { lookUpF32.at(format, or: .lookUpTernary) }

  /// The kind of this one's family, which begins with it, that belongs to a format; the ternary one, which came later, stands apart.
  private func at(_ format: WeightFormat, or ternary: WorkKind) -> WorkKind {
    let place: UInt32 =
      switch format {
      case .f32: 0
      case .f16: 1
      case .bf16: 2
      case .int8: 3
      case .int4: 4
      case .ternary: ternary.rawValue - rawValue
      }
    return WorkKind(rawValue: rawValue + place)!
  }

  init(_ function: UnaryFunction) {
    self =
      switch function {
      case .negate: .negate
      case .exponential: .exponential
      case .relu: .rectify
      case .sigmoid: .sigmoid
      case .squareRoot: .squareRoot
      case .sine: .sine
      case .cosine: .cosine
      case .hyperbolicTangent: .hyperbolicTangent
      case .errorFunction: .errorFunction
      case .logarithm: .logarithm
      case .absolute: .absolute
      case .round: .round
      }
  }

  init(_ function: BinaryFunction) {
    self =
      switch function {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .maximum: .maximum
      case .minimum: .minimum
      case .threshold: .threshold
      }
  }
}
