/// A key of a GGUF file with its value.
public struct GGUFPair: Equatable, Sendable {
  /// The key, such as `general.name`.
  public var key: String
  /// The value.
  public var value: GGUFValue

  /// A key with its value.
  public init(_ key: String, _ value: GGUFValue) {
    self.key = key
    self.value = value
  }
}

/// A value of a GGUF key, of the types that the model file uses.
public enum GGUFValue: Equatable, Sendable {
  /// A number without sign.
  case uint32(UInt32)
  /// A number with sign.
  case int32(Int32)
  /// A real number.
  case float32(Float)
  /// A truth value.
  case bool(Bool)
  /// UTF-8 text.
  case string(String)
  /// Many numbers without sign.
  case uint32Array([UInt32])
  /// Many numbers with sign.
  case int32Array([Int32])
  /// Many real numbers.
  case float32Array([Float])
  /// Many texts.
  case stringArray([String])
  /// A value of any type as it stands in a file, its type in front.
  case encoded([UInt8])
}
