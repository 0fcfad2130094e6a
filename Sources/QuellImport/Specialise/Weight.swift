/// Real numbers in memory that somebody else keeps: a range of a mapped file, or a buffer of our own.
final class WeightSource: @unchecked Sendable {
  /// The tensor's name in the model, empty where it was computed.
  let name: String
  let type: DataType
  /// How many elements there are.
  let count: Int
  private let base: UnsafeRawPointer
  private let owner: AnyObject?

  /// Elements inside a mapped file.
  init(name: String, type: DataType, file: MappedFile, range: Range<Int>) {
    self.name = name
    self.type = type
    count = range.count / type.size
    base = file.bytes.baseAddress! + range.lowerBound
    owner = file
  }

  /// Elements of our own, rounded to the type.
  init(name: String, type: DataType, values: [Double]) {
    self.name = name
    self.type = type
    count = values.count
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(values.count * type.size, 1), alignment: 8)
    for (index, value) in values.enumerated() {
      switch type {
      case .float64: memory.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
      case .float16: memory.storeBytes(of: Float16(value).bitPattern, toByteOffset: index * 2, as: UInt16.self)
      case .bfloat16: memory.storeBytes(of: bfloat16(Float(value)), toByteOffset: index * 2, as: UInt16.self)
      default: memory.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
      }
    }
    base = UnsafeRawPointer(memory)
    owner = OwnedMemory(memory)
  }

  /// One element.
  func real(_ index: Int) -> Double {
    switch type {
    case .float64: base.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
    case .float16: Double(Float16(bitPattern: base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
    case .bfloat16: Double(Float(bitPattern: UInt32(base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) << 16))
    default: Double(base.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
    }
  }

  /// One element, as a single-precision number.
  func float(_ index: Int) -> Float {
    type == .float32 ? base.loadUnaligned(fromByteOffset: index * 4, as: Float.self) : Float(real(index))
  }

  /// The bytes of elements that lie together.
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + range.lowerBound * type.size, count: range.count * type.size)
  }

  private final class OwnedMemory {
    let memory: UnsafeMutableRawPointer
    init(_ memory: UnsafeMutableRawPointer) { self.memory = memory }
    deinit { memory.deallocate() }
  }
}

private func bfloat16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  guard value.isFinite else { return UInt16(bits >> 16) | (value.isNaN ? 0x40 : 0) }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}

/// A tensor of known real numbers: a layout over a source. Nothing is copied until somebody asks for the numbers.
struct Weight: Hashable, Sendable {
  let source: WeightSource
  var layout: Layout

  /// All of a source, under a shape.
  init(_ source: WeightSource, shape: [Int]) {
    self.source = source
    layout = Layout(contiguous: shape)
  }

  /// Numbers of our own.
  init(_ values: [Double], shape: [Int], type: DataType, name: String = "") {
    self.init(WeightSource(name: name, type: type, values: values), shape: shape)
  }

  var shape: [Int] { layout.shape }
  var count: Int { layout.count }
  var type: DataType { source.type }

  /// The numbers, in row-major order.
  var values: [Double] {
    var result: [Double] = []
    result.reserveCapacity(count)
    layout.forEachOffset { result.append(source.real($0)) }
    return result
  }

  /// The number that all elements are, or nil where they differ.
  var uniformValue: Double? {
    guard count > 0 else { return nil }
    let first = self[0]
    for index in 1..<max(count, 1) where self[index] != first { return nil }
    return first
  }

  static func == (left: Weight, right: Weight) -> Bool {
    left.source === right.source && left.layout == right.layout
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(source))
    hasher.combine(layout)
  }
}
