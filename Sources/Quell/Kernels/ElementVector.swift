// As many elements as elementwise functions take at a time: what a vector register holds, and few where a processor has none, since
// every element is then code of its own. The results are the same bits.
#if arch(arm) || arch(riscv32) || arch(wasm32)
  typealias ElementVector = SIMD2<Float>
  /// The bits of an ``ElementVector``.
  typealias ElementBits = SIMD2<UInt32>
  /// As many integers.
  typealias ElementIntegers = SIMD2<Int32>
#else
  typealias ElementVector = SIMD8<Float>
  /// The bits of an ``ElementVector``.
  typealias ElementBits = SIMD8<UInt32>
  /// As many integers.
  typealias ElementIntegers = SIMD8<Int32>
#endif

extension ElementVector {
  /// Whether the processor has registers for vectors.
  @inline(__always)
  static var areRegisters: Bool { scalarCount == SIMD8<Float>.scalarCount }

  /// Numbers from memory.
  @inline(__always)
  init(at memory: UnsafePointer<Float>) { self = UnsafeRawPointer(memory).loadUnaligned(as: ElementVector.self) }

  /// Fewer numbers from memory, then zeros.
  @inline(__always)
  init(at memory: UnsafePointer<Float>, count: Int) {
    self.init()
    for lane in 0..<count { self[lane] = memory[lane] }
  }

  /// Puts all into memory.
  @inline(__always)
  func store(to memory: UnsafeMutablePointer<Float>) { UnsafeMutableRawPointer(memory).storeBytes(of: self, as: ElementVector.self) }

  /// Puts the first into memory.
  @inline(__always)
  func store(to memory: UnsafeMutablePointer<Float>, count: Int) {
    for lane in 0..<count { memory[lane] = self[lane] }
  }
}

#if arch(arm) || arch(riscv32) || arch(wasm32)
  /// The exponentials of eight numbers, for sums that are in eight parts everywhere.
  func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
    var result = SIMD8<Float>()
    for lane in 0..<8 { result[lane] = exponential(x[lane]) }
    return result
  }
#endif
