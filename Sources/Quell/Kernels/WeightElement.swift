/// A number type of weights: how eight neighbours in memory become floats.
protocol WeightElement {
  static func load8(_ at: UnsafeRawPointer) -> SIMD8<Float>
  static func load(_ at: UnsafeRawPointer) -> Float
  static var size: Int { get }
}

/// 32-bit IEEE 754.
enum F32: WeightElement {
  static var size: Int { 4 }

  @inline(__always)
  static func load8(_ at: UnsafeRawPointer) -> SIMD8<Float> { at.loadUnaligned(as: SIMD8<Float>.self) }

  @inline(__always)
  static func load(_ at: UnsafeRawPointer) -> Float { at.loadUnaligned(as: Float.self) }
}

/// 16-bit IEEE 754, widened with integer operations that every processor has.
enum F16: WeightElement {
  static var size: Int { 2 }

  // A half's exponent and fraction, moved to a float's place, are the number times 2^-112, subnormals included. Infinities and
  // NaNs come out as numbers of 65536 and more; they get the exponent that they should have.
  private static let scale = Float(sign: .plus, exponent: 112, significand: 1)

  @inline(__always)
  static func load8(_ at: UnsafeRawPointer) -> SIMD8<Float> {
    let halves = at.loadUnaligned(as: SIMD8<UInt16>.self)
    // Spelled out: the standard library's converting initialiser becomes a call, and a loop over the elements stays one.
    let wide = SIMD8(
      UInt32(halves[0]), UInt32(halves[1]), UInt32(halves[2]), UInt32(halves[3]), UInt32(halves[4]), UInt32(halves[5]),
      UInt32(halves[6]), UInt32(halves[7]))
    let sign = (wide & 0x8000) &<< 16
    let magnitude = unsafeBitCast((wide & 0x7fff) &<< 13, to: SIMD8<Float>.self) * scale
    var bits = unsafeBitCast(magnitude, to: SIMD8<UInt32>.self)
    // All ones where the number is 65536 or more.
    let isLarge = unsafeBitCast(unsafeBitCast(0x477f_ffff &- bits, to: SIMD8<Int32>.self) &>> 31, to: SIMD8<UInt32>.self)
    bits |= isLarge & 0x7f80_0000
    return unsafeBitCast(bits | sign, to: SIMD8<Float>.self)
  }

  @inline(__always)
  static func load(_ at: UnsafeRawPointer) -> Float {
    let half = UInt32(at.loadUnaligned(as: UInt16.self))
    var bits = (Float(bitPattern: (half & 0x7fff) &<< 13) * scale).bitPattern
    if half & 0x7c00 == 0x7c00 { bits |= 0x7f80_0000 }
    return Float(bitPattern: bits | (half & 0x8000) &<< 16)
  }
}
