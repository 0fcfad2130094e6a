import CConversion
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers in memory that somebody else keeps, a range of a mapped file or a buffer of our own, or numbers that are made
/// of such when they are asked for.
final class WeightSource: @unchecked Sendable {
  /// The tensor's name in the model, empty where it was computed.
  let name: String
  let type: DataType
  /// How many elements there are.
  let count: Int
  /// How the elements are computed; nil where they are stored.
  let formula: Dequantization?
  private let base: UnsafeRawPointer
  /// Where stored elements begin.
  var start: UnsafeRawPointer { base }
  /// Whether elements are stored, as single-precision numbers.
  var isPlainFloat: Bool { formula == nil && type == .float32 }
  /// The bits of the greatest magnitude of each column, where the elements are a matrix and have been measured.
  let greatestOfColumns = Mutex<[UInt32]?>(nil)
  private let owner: AnyObject?
  /// Whether the memory is our own, so that its bytes, not its place, are what it is.
  private let isOwn: Bool

  /// Elements inside a mapped file.
  convenience init(name: String, type: DataType, file: MappedFile, range: Range<Int>) {
    self.init(
      name: name, type: type, count: range.count * 8 / type.bits, base: file.bytes.baseAddress! + range.lowerBound, owner: file,
      isOwn: false)
  }

  /// Elements of our own, rounded to the type.
  convenience init(name: String, type: DataType, values: [Double]) {
    let byteCount = max(type.bytes(values.count), 1)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 8)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    for (index, value) in values.enumerated() {
      switch type {
      case .float64: memory.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
      case .float16: memory.storeBytes(of: Float16(value).bitPattern, toByteOffset: index * 2, as: UInt16.self)
      case .bfloat16: memory.storeBytes(of: bfloat16(Float(value)), toByteOffset: index * 2, as: UInt16.self)
      case .uint2, .int2, .uint4, .int4, .uint8, .int8, .uint16, .int16:
        let code = UInt16(truncatingIfNeeded: Int(exactly: value) ?? 0)
        if type.bits == 16 {
          memory.storeBytes(of: code, toByteOffset: index * 2, as: UInt16.self)
        } else {
          let bit = index * type.bits
          let mask = UInt16(1) << UInt16(type.bits) - 1
          let byte = memory.load(fromByteOffset: bit / 8, as: UInt8.self) | UInt8((code & mask) << UInt16(bit % 8))
          memory.storeBytes(of: byte, toByteOffset: bit / 8, as: UInt8.self)
        }
      default: memory.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
      }
    }
    self.init(name: name, type: type, count: values.count, base: UnsafeRawPointer(memory), owner: OwnedMemory(memory), isOwn: true)
  }

  /// Single-precision elements of our own, made one after the other.
  convenience init(name: String, count: Int, make: (Int) -> Float) {
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
    for index in 0..<count { memory[index] = make(index) }
    self.init(
      name: name, type: .float32, count: count, base: UnsafeRawPointer(memory), owner: OwnedMemory(UnsafeMutableRawPointer(memory)),
      isOwn: true)
  }

  /// The stored elements of another source under another name.
  convenience init(name: String, sharing other: WeightSource) {
    self.init(name: name, type: other.type, count: other.count, base: other.base, owner: other, isOwn: other.isOwn)
  }

  /// Elements computed from quantised ones.
  init(_ formula: Dequantization, type: DataType) {
    name = formula.codes.source.name
    self.type = type
    count = formula.shape.product
    self.formula = formula
    base = formula.codes.source.base
    owner = nil
    isOwn = false
  }

  private init(name: String, type: DataType, count: Int, base: UnsafeRawPointer, owner: AnyObject?, isOwn: Bool) {
    self.name = name
    self.type = type
    self.count = count
    formula = nil
    self.base = base
    self.owner = owner
    self.isOwn = isOwn
  }

  /// The same bytes read as elements of another type, which must be of a whole number to the byte.
  func reread(as type: DataType) -> WeightSource {
    WeightSource(
      name: name, type: type, count: count * self.type.bits / type.bits, base: base, owner: owner ?? self, isOwn: isOwn)
  }

  /// One element.
  @inline(__always)
  func real(_ index: Int) -> Double {
    if let formula { return Double(formula[index]) }
    switch type {
    case .float64: return base.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
    case .float16: return Double(Float16(bitPattern: base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
    case .bfloat16: return Double(Float(bitPattern: UInt32(base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) << 16))
    case .uint2, .int2, .uint4, .int4, .uint8, .int8, .uint16, .int16, .ternary: return Double(code(index))
    default: return Double(base.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
    }
  }

  /// One element of a type that holds quantised numbers.
  @inline(__always)
  func code(_ index: Int) -> Int32 {
    switch type {
    case .int8: Int32(base.load(fromByteOffset: index, as: Int8.self))
    case .uint8: Int32(base.load(fromByteOffset: index, as: UInt8.self))
    case .uint4: Int32(base.load(fromByteOffset: index >> 1, as: UInt8.self) >> UInt8((index & 1) * 4) & 15)
    case .int4: Int32(Int8(bitPattern: base.load(fromByteOffset: index >> 1, as: UInt8.self) << UInt8(4 - (index & 1) * 4)) >> 4)
    case .uint2: Int32(base.load(fromByteOffset: index >> 2, as: UInt8.self) >> UInt8((index & 3) * 2) & 3)
    case .int2: Int32(Int8(bitPattern: base.load(fromByteOffset: index >> 2, as: UInt8.self) << UInt8(6 - (index & 3) * 2)) >> 6)
    case .int16: Int32(base.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))
    case .ternary:
      Int32(base.load(fromByteOffset: index / 64 * 16 + index % 16, as: UInt8.self) >> UInt8(index / 16 % 4 * 2) & 3) - 1
    default: Int32(base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
    }
  }

  /// One element, as a single-precision number.
  @inline(__always)
  func float(_ index: Int) -> Float {
    if let formula { return formula[index] }
    return type == .float32 ? base.loadUnaligned(fromByteOffset: index * 4, as: Float.self) : Float(real(index))
  }

  /// Elements from `start`, `step` apart, as single-precision numbers.
  func read(from start: Int, by step: Int, into numbers: UnsafeMutableBufferPointer<Float>, by pitch: Int, count: Int) {
    if let formula { return formula.read(from: start, by: step, into: numbers, by: pitch, count: count) }
    if step == 1, pitch == 1, let to = numbers.baseAddress {
      let from = base + start * type.size
      switch type {
      case .float32: return UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: count * 4)
      case .float16: return conversion_widen_half(from, to, count)
      case .bfloat16: return conversion_widen_bfloat16(from, to, count)
      default: break
      }
    }
    for index in 0..<count { numbers[index * pitch] = float(start + index * step) }
  }

  /// The bytes of stored elements that lie together.
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + range.lowerBound * type.size, count: range.count * type.size)
  }

  /// Says that one of several parts of the numbers will be read soon: it is fetched from the disk meanwhile, in its order,
  /// whatever the order in which it is read. Of very many numbers that is the beginning.
  func fetch(_ part: Int = 0, of parts: Int = 1) {
    advise(MADV_WILLNEED, upTo: WeightSource.mostAhead, by: WeightSource.readAhead, part, of: parts)
  }

  /// Says that the numbers have been read: the pages of a file are unmapped, and mapped again if somebody reads them after all.
  func letGo() { advise(MADV_DONTNEED, upTo: .max, by: 1 << 40, 0, of: 1) }

  /// The same, while one of several bands of the numbers is done, for what lies well behind it: others may still be at bands just
  /// before. Every eighth band lets go of as many.
  func letGo(behind band: Int, of bands: Int) {
    let step = 8
    guard band % step == 0, band >= 2 * step else { return }
    advise(MADV_DONTNEED, upTo: .max, by: 1 << 40, band / step - 2, of: (bands + step - 1) / step)
  }

  /// What is fetched of one matrix before it is read, so that a large one does not drive all else out of memory.
  private static let mostAhead = 256 << 20
  /// Of a longer range the system fetches the beginning alone.
  private static let readAhead = 128 << 10

  /// The mapped file that the numbers are in; nil where they are elsewhere.
  var file: MappedFile? { formula?.codes.source.file ?? owner as? MappedFile ?? (owner as? WeightSource)?.file }

  private func advise(_ advice: Int32, upTo most: Int, by step: Int, _ part: Int, of parts: Int) {
    if let formula { return formula.codes.source.advise(advice, upTo: most, by: step, part, of: parts) }
    guard owner is MappedFile else { return }
    // Whole pages, so that a neighbour's stay.
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = min(type.bytes(count), most)
    let share = (bytes + parts - 1) / parts
    let first = (Int(bitPattern: base) + part * share + page - 1) / page * page
    let end = (Int(bitPattern: base) + min((part + 1) * share, bytes)) / page * page
    for place in stride(from: first, to: end, by: step) {
      madvise(UnsafeMutableRawPointer(bitPattern: place), min(step, end - place), advice)
    }
  }

  private final class OwnedMemory {
    let memory: UnsafeMutableRawPointer
    init(_ memory: UnsafeMutableRawPointer) { self.memory = memory }
    deinit { memory.deallocate() }
  }
}

extension WeightSource: Hashable {
  /// Whether both give the same numbers: the same place, the same numbers of our own, or the same formula of the same.
  static func == (left: WeightSource, right: WeightSource) -> Bool {
    if left === right { return true }
    guard left.type == right.type, left.count == right.count else { return false }
    if let formula = left.formula { return formula == right.formula }
    guard right.formula == nil else { return false }
    if left.base == right.base { return true }
    guard left.isOwn, right.isOwn else { return false }
    let count = left.type.bytes(left.count)
    return UnsafeRawBufferPointer(start: left.base, count: count).elementsEqual(UnsafeRawBufferPointer(start: right.base, count: count))
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(type)
    hasher.combine(count)
    if let formula { return hasher.combine(formula) }
    isOwn ? hasher.combine(bytes: UnsafeRawBufferPointer(start: base, count: min(type.bytes(count), 64))) : hasher.combine(base)
  }
}

private func bfloat16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  guard value.isFinite else { return UInt16(bits >> 16) | (value.isNaN ? 0x40 : 0) }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}
